//! The operations of the account: method and path, and the scope that each needs.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    Account,
    /// Scopes and end of the token that asks; not in the description, but known from the provider's own tool.
    Token,
    Clusters,
    Options,
    /// With the cluster's id.
    Cluster(&'a str, OnCluster<'a>),
    Apps,
    Propose,
    /// With the app's id.
    App(&'a str, OnApp<'a>),
}

/// What is done on one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCluster<'a> {
    Read,
    Pools,
    AddPool,
    Pool(&'a str),
    ChangePool(&'a str),
    RemovePool(&'a str),
    Users,
    AddUser,
    User(&'a str),
    ResetUser(&'a str),
    Databases,
    AddDatabase,
    Rules,
    ReplaceRules,
    Authority,
    Backups,
    Settings,
    ChangeSettings,
}

/// What is done on one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnApp<'a> {
    Read,
    Change,
    Deployments,
    Deploy,
    Deployment(&'a str),
    /// Of a deployment and a component.
    Log(&'a str, &'a str),
    Cancel(&'a str),
}

impl<'a> Operation<'a> {
    pub(super) fn of(method: &str, path: &'a str) -> Option<Self> {
        if (method, path) == ("GET", "/v1/oauth/token/info") {
            return Some(Self::Token);
        }
        let rest: Vec<&str> = path.strip_prefix("/v2/")?.split('/').collect();
        match (method, rest.as_slice()) {
            ("GET", ["account"]) => Some(Self::Account),
            ("GET", ["databases"]) => Some(Self::Clusters),
            ("GET", ["databases", "options"]) => Some(Self::Options),
            (_, ["databases", cluster, rest @ ..]) => {
                OnCluster::of(method, rest).map(|on| Self::Cluster(cluster, on))
            }
            ("GET", ["apps"]) => Some(Self::Apps),
            ("POST", ["apps", "propose"]) => Some(Self::Propose),
            (_, ["apps", app, rest @ ..]) => OnApp::of(method, rest).map(|on| Self::App(app, on)),
            _ => None, // everything else the practice account does not have
        }
    }

    /// `None`: every token may.
    pub(super) fn scope(self) -> Option<&'static str> {
        Some(match self {
            Self::Token => return None,
            Self::Account => "account:read",
            Self::Clusters | Self::Options => "database:read",
            Self::Cluster(_, on) => on.scope(),
            Self::Apps | Self::Propose => "app:read",
            Self::App(_, on) => on.scope(),
        })
    }
}

impl<'a> OnCluster<'a> {
    fn of(method: &str, rest: &[&'a str]) -> Option<Self> {
        Some(match (method, rest) {
            ("GET", []) => Self::Read,
            ("GET", ["pools"]) => Self::Pools,
            ("POST", ["pools"]) => Self::AddPool,
            ("GET", ["pools", name]) => Self::Pool(name),
            ("PUT", ["pools", name]) => Self::ChangePool(name),
            ("DELETE", ["pools", name]) => Self::RemovePool(name),
            ("GET", ["users"]) => Self::Users,
            ("POST", ["users"]) => Self::AddUser,
            ("GET", ["users", name]) => Self::User(name),
            ("POST", ["users", name, "reset_auth"]) => Self::ResetUser(name),
            ("GET", ["dbs"]) => Self::Databases,
            ("POST", ["dbs"]) => Self::AddDatabase,
            ("GET", ["firewall"]) => Self::Rules,
            ("PUT", ["firewall"]) => Self::ReplaceRules,
            ("GET", ["ca"]) => Self::Authority,
            ("GET", ["backups"]) => Self::Backups,
            ("GET", ["config"]) => Self::Settings,
            ("PATCH", ["config"]) => Self::ChangeSettings,
            _ => return None, // as above
        })
    }

    fn scope(self) -> &'static str {
        match self {
            Self::Read
            | Self::Pools
            | Self::Pool(_)
            | Self::Users
            | Self::User(_)
            | Self::Databases
            | Self::Rules
            | Self::Authority
            | Self::Backups
            | Self::Settings => "database:read",
            Self::AddPool | Self::AddUser | Self::AddDatabase => "database:create",
            Self::ChangePool(_)
            | Self::ResetUser(_)
            | Self::ReplaceRules
            | Self::ChangeSettings => "database:update",
            Self::RemovePool(_) => "database:delete",
        }
    }
}

impl<'a> OnApp<'a> {
    fn of(method: &str, rest: &[&'a str]) -> Option<Self> {
        Some(match (method, rest) {
            ("GET", []) => Self::Read,
            ("PUT", []) => Self::Change,
            ("GET", ["deployments"]) => Self::Deployments,
            ("POST", ["deployments"]) => Self::Deploy,
            ("GET", ["deployments", id]) => Self::Deployment(id),
            ("GET", ["deployments", id, "components", component, "logs"]) => {
                Self::Log(id, component)
            }
            ("POST", ["deployments", id, "cancel"]) => Self::Cancel(id),
            _ => return None, // as above
        })
    }

    fn scope(self) -> &'static str {
        match self {
            Self::Read | Self::Deployments | Self::Deployment(_) | Self::Log(..) => "app:read",
            Self::Change | Self::Deploy | Self::Cancel(_) => "app:update",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_operations_and_what_is_unknown_names_none() {
        let of = Operation::of;
        assert_eq!(of("GET", "/v2/databases/options"), Some(Operation::Options));
        assert_eq!(
            of("PUT", "/v2/databases/1/pools/p"),
            Some(Operation::Cluster("1", OnCluster::ChangePool("p")))
        );
        assert_eq!(of("POST", "/v2/apps/propose"), Some(Operation::Propose));
        assert_eq!(
            of("POST", "/v2/apps/1/deployments/2/cancel"),
            Some(Operation::App("1", OnApp::Cancel("2")))
        );
        for (method, path) in
            [("POST", "/v2/databases"), ("GET", "/databases"), ("DELETE", "/v2/apps/1")]
        {
            assert_eq!(of(method, path), None, "{method} {path}");
        }
    }
}
