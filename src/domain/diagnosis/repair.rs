//! Changes of the two URLs that a problem proposes.

use crate::domain::{conn_url::ConnUrl, stages::Port};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The last part of a URL: the pool's name on the pooled one, the database's on the direct one.
    Name(Port, String),
    /// The pooled URL was the direct one, and the other way round.
    Exchange,
    /// Only their ports.
    ExchangePorts,
    PortNumber(Port, u16),
    /// The host of both.
    Host(String),
    /// Without this parameter.
    Without(Port, String),
    /// The certificate of the cluster's authority, as the account tells it.
    Certificate,
}

impl Repair {
    /// Changes the URLs. The certificate is no part of a URL.
    pub fn apply(&self, pooled: &mut ConnUrl, direct: &mut ConnUrl) {
        match self {
            Self::Name(port, name) => name.clone_into(&mut of(*port, pooled, direct).database),
            Self::Exchange => std::mem::swap(pooled, direct),
            Self::ExchangePorts => std::mem::swap(&mut pooled.port, &mut direct.port),
            Self::PortNumber(port, number) => of(*port, pooled, direct).port = *number,
            Self::Host(host) => {
                host.clone_into(&mut pooled.host);
                host.clone_into(&mut direct.host);
            }
            Self::Without(port, parameter) => {
                let url = of(*port, pooled, direct);
                *url = url.clone().without_parameter(parameter);
            }
            Self::Certificate => {}
        }
    }
}

fn of<'a>(port: Port, pooled: &'a mut ConnUrl, direct: &'a mut ConnUrl) -> &'a mut ConnUrl {
    match port {
        Port::Pooled => pooled,
        Port::Direct => direct,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_changes_what_it_names_and_nothing_else() {
        let pooled = || ConnUrl::parse("postgresql://u:p@h:25061/shop?options=-cjit").unwrap();
        let direct = || ConnUrl::parse("postgresql://u:p@h:25060/shop").unwrap();
        let after = |repair: &Repair| {
            let (mut pooled, mut direct) = (pooled(), direct());
            repair.apply(&mut pooled, &mut direct);
            (pooled.masked(), direct.masked())
        };
        let text = |url: &str| ConnUrl::parse(url).unwrap().masked();
        let (same_pooled, same_direct) = (pooled().masked(), direct().masked());
        for (repair, pooled, direct) in [
            (
                Repair::Name(Port::Pooled, "shop-pool".to_owned()),
                text("postgresql://u:p@h:25061/shop-pool?options=-cjit"),
                same_direct.clone(),
            ),
            (Repair::Exchange, same_direct.clone(), same_pooled.clone()),
            (
                Repair::ExchangePorts,
                text("postgresql://u:p@h:25060/shop?options=-cjit"),
                text("postgresql://u:p@h:25061/shop"),
            ),
            (
                Repair::PortNumber(Port::Direct, 5432),
                same_pooled.clone(),
                text("postgresql://u:p@h:5432/shop"),
            ),
            (
                Repair::Host("db".to_owned()),
                text("postgresql://u:p@db:25061/shop?options=-cjit"),
                text("postgresql://u:p@db:25060/shop"),
            ),
            (
                Repair::Without(Port::Pooled, "options".to_owned()),
                text("postgresql://u:p@h:25061/shop"),
                same_direct.clone(),
            ),
            (Repair::Certificate, same_pooled.clone(), same_direct.clone()),
        ] {
            assert_eq!(after(&repair), (pooled, direct), "{repair:?}");
        }
    }
}
