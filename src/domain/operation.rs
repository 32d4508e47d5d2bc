//! Everything that is asked of the account: method, path, the scope it needs, and the words for it.

pub mod body;

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{app_spec::AppId, cluster::ClusterId, log::Spot, pool::PoolName};

/// DigitalOcean's own address, where no other is given.
pub const HOME: &str = "https://api.digitalocean.com";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    ReadAccount,
    /// Scopes and end of the token itself. Not in the API's description: answered where DigitalOcean's own tool is too.
    ReadToken,
    ListClusters,
    ReadCluster(ClusterId),
    ListUsers(ClusterId),
    ListDatabases(ClusterId),
    ListPools(ClusterId),
    ReadPool(ClusterId, PoolName),
    CreatePool(ClusterId, PoolName),
    ChangePool(ClusterId, PoolName),
    DeletePool(ClusterId, PoolName),
    ReadTrustedSources(ClusterId),
    WriteTrustedSources(ClusterId),
    ReadAuthority(ClusterId),
    ListBackups(ClusterId),
    /// Pages count from 1.
    ListApps {
        page: u32,
        per_page: u32,
    },
    ReadApp(AppId),
    ProposeApp(AppId),
    UpdateApp(AppId),
    ListDeployments(AppId),
    ReadDeployment(AppId, String),
    /// Where the log of a component is: of which deployment, and of what.
    FindLog(AppId, String, Spot),
}

/// The HTTP method, and whether sending the request twice could do anything twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    /// A `POST` that only asks.
    PostQuestion,
    Post,
    Put,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::PostQuestion | Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Changes nothing, so it may be sent as often as needed.
    pub fn only_asks(self) -> bool {
        match self {
            Self::Get | Self::PostQuestion => true,
            Self::Post | Self::Put | Self::Delete => false,
        }
    }
}

struct Row {
    method: Method,
    path: String,
    scope: &'static str,
    /// Infinitive, as in "may not …" or "could not …".
    words: String,
}

impl Operation {
    /// The one table. Scopes are those of the API's own description.
    fn row(&self) -> Row {
        use Method::{Delete, Get, Post, PostQuestion, Put};
        let row = |method, path: String, scope, words: String| Row { method, path, scope, words };
        let asks = |path: String, words: &str| row(Get, path, "database:read", words.to_owned());
        match self {
            Self::ReadAccount => {
                row(Get, "/v2/account".to_owned(), "account:read", "read the account".to_owned())
            }
            Self::ReadToken => {
                let path = "/v1/oauth/token/info".to_owned();
                row(Get, path, "", "ask what the token may do".to_owned())
            }
            Self::ListClusters => asks("/v2/databases".to_owned(), "list clusters"),
            Self::ReadCluster(id) => asks(cluster(id, ""), "read the cluster"),
            Self::ListUsers(id) => asks(cluster(id, "/users"), "list the cluster's users"),
            Self::ListDatabases(id) => asks(cluster(id, "/dbs"), "list the cluster's databases"),
            Self::ListPools(id) => asks(cluster(id, "/pools"), "list the cluster's pools"),
            Self::ReadAuthority(id) => asks(cluster(id, "/ca"), "read the cluster's certificate"),
            Self::ListBackups(id) => asks(cluster(id, "/backups"), "list the cluster's backups"),
            Self::ReadTrustedSources(id) => {
                asks(cluster(id, "/firewall"), "read the trusted sources")
            }
            Self::ReadPool(id, name) => asks(pool(id, name), &format!("read pool {name}")),
            Self::CreatePool(id, name) => {
                row(Post, cluster(id, "/pools"), "database:create", format!("create pool {name}"))
            }
            Self::ChangePool(id, name) => {
                row(Put, pool(id, name), "database:update", format!("change pool {name}"))
            }
            Self::DeletePool(id, name) => {
                row(Delete, pool(id, name), "database:delete", format!("delete pool {name}"))
            }
            Self::WriteTrustedSources(id) => row(
                Put,
                cluster(id, "/firewall"),
                "database:update",
                "change the trusted sources".to_owned(),
            ),
            Self::ListApps { page, per_page } => row(
                Get,
                format!("/v2/apps?page={page}&per_page={per_page}"),
                "app:read",
                "list apps".to_owned(),
            ),
            Self::ReadApp(id) => row(Get, app(id, ""), "app:read", "read the app".to_owned()),
            Self::ProposeApp(_) => row(
                PostQuestion,
                "/v2/apps/propose".to_owned(),
                "app:read",
                "ask for the cost of the app's new settings".to_owned(),
            ),
            Self::UpdateApp(id) => {
                row(Put, app(id, ""), "app:update", "change the app's settings".to_owned())
            }
            Self::ListDeployments(id) => row(
                Get,
                app(id, "/deployments?page=1&per_page=20"),
                "app:read",
                "list the app's deployments".to_owned(),
            ),
            Self::ReadDeployment(id, deployment) => row(
                Get,
                app(id, &format!("/deployments/{}", segment(deployment))),
                "app:read",
                "read the deployment".to_owned(),
            ),
            Self::FindLog(id, deployment, Spot { component, kind }) => {
                let (deployment, of) = (segment(deployment), segment(component));
                let place = format!("/deployments/{deployment}/components/{of}/logs");
                let query = format!("?type={}&follow=false", kind.word());
                row(
                    Get,
                    app(id, &format!("{place}{query}")),
                    "app:read",
                    format!("find the log of {component}"),
                )
            }
        }
    }

    pub fn method(&self) -> Method {
        self.row().method
    }

    /// With the query, from the slash on.
    pub fn path(&self) -> String {
        self.row().path
    }

    /// Empty where every token may.
    pub fn scope(&self) -> &'static str {
        self.row().scope
    }

    /// What a 404 means: the noun of what is not there.
    pub fn thing(&self) -> String {
        match self {
            Self::ReadAccount => "account".to_owned(),
            Self::ReadToken => "token".to_owned(),
            Self::ListClusters => "list of clusters".to_owned(),
            Self::ReadCluster(_)
            | Self::ListUsers(_)
            | Self::ListDatabases(_)
            | Self::ListPools(_)
            | Self::CreatePool(..)
            | Self::ReadTrustedSources(_)
            | Self::WriteTrustedSources(_)
            | Self::ReadAuthority(_)
            | Self::ListBackups(_) => "cluster".to_owned(),
            Self::ReadPool(_, name) | Self::ChangePool(_, name) | Self::DeletePool(_, name) => {
                format!("pool {name}")
            }
            Self::ListApps { .. } => "list of apps".to_owned(),
            Self::ReadApp(_)
            | Self::ProposeApp(_)
            | Self::UpdateApp(_)
            | Self::ListDeployments(_) => "app".to_owned(),
            Self::ReadDeployment(..) => "deployment".to_owned(),
            Self::FindLog(..) => "log".to_owned(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.row().words)
    }
}

/// What may stand in a path as it is; everything else is escaped, so that no id leads to another path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn cluster(id: &ClusterId, rest: &str) -> String {
    format!("/v2/databases/{}{rest}", segment(&id.0))
}

fn pool(id: &ClusterId, name: &PoolName) -> String {
    cluster(id, &format!("/pools/{}", segment(name.as_str())))
}

fn app(id: &AppId, rest: &str) -> String {
    format!("/v2/apps/{}{rest}", segment(&id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_not_lead_to_another_path() {
        let id = ClusterId("../apps?x=1#".to_owned());
        let path = Operation::ReadPool(id, PoolName::given("a/b c")).path();
        assert_eq!(path, "/v2/databases/%2E%2E%2Fapps%3Fx%3D1%23/pools/a%2Fb%20c");
    }

    #[test]
    fn only_questions_may_be_sent_twice() {
        let id = || ClusterId("c".to_owned());
        let name = || PoolName::given("p");
        let app = || AppId("a".to_owned());
        for operation in [
            Operation::CreatePool(id(), name()),
            Operation::ChangePool(id(), name()),
            Operation::DeletePool(id(), name()),
            Operation::WriteTrustedSources(id()),
            Operation::UpdateApp(app()),
        ] {
            assert!(!operation.method().only_asks(), "{operation}");
        }
        assert!(Operation::ProposeApp(app()).method().only_asks());
        assert!(Operation::ListPools(id()).method().only_asks());
    }
}
