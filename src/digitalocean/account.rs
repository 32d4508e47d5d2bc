//! Whose token it is, and what the token may do.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    digitalocean::{
        client::{Client, on_this_computer},
        error::ApiError,
        wire::or_default,
    },
    domain::operation::{HOME, Operation},
};

/// Who is signed in, as far as the account tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub email: Option<String>,
    pub team: Option<String>,
}

/// What the account tells of the token itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct TokenInfo {
    #[serde(default, deserialize_with = "or_default")]
    scopes: Vec<String>,
    expires_in_seconds: Option<u64>,
}

impl TokenInfo {
    /// Older tokens have `read` or `write` for everything.
    pub fn may(&self, scope: &str) -> bool {
        let reads = scope.ends_with(":read") || scope.ends_with(":view_credentials");
        self.scopes.iter().any(|has| has == scope || has == "write" || (reads && has == "read"))
    }

    /// `None` for one that does not end.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in_seconds.filter(|seconds| 0 < *seconds).map(Duration::from_secs)
    }
}

#[derive(Deserialize)]
struct Reply {
    account: Account,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Account {
    #[serde(deserialize_with = "or_default")]
    email: String,
    #[serde(deserialize_with = "or_default")]
    team: Team,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Team {
    #[serde(deserialize_with = "or_default")]
    name: String,
}

impl Client {
    /// Needs `account:read`, which a good token may lack.
    pub async fn owner(&self) -> Result<Owner, ApiError> {
        let Reply { account } = self.read(Operation::ReadAccount, None).await?;
        let given = |text: String| (!text.is_empty()).then_some(text);
        Ok(Owner { email: given(account.email), team: given(account.team.name) })
    }

    /// `None` where nothing is told of tokens. The provider's own tool asks another host for it; the token goes to none
    /// but the account's. The question is not in the API's description, so nobody but the account is asked.
    pub async fn token_info(&self) -> Result<Option<TokenInfo>, ApiError> {
        if self.base != HOME && !on_this_computer(&self.base) {
            return Ok(None);
        }
        let info: TokenInfo = self.read(Operation::ReadToken, None).await?;
        Ok((!info.scopes.is_empty()).then_some(info))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_token_has_one_scope_for_everything() {
        let info = |json: &str| serde_json::from_str::<TokenInfo>(json).unwrap();
        let write = info(r#"{"scopes": ["read", "write"], "expires_in_seconds": 0}"#);
        assert!(write.may("database:create") && write.may("app:read"));
        assert_eq!(write.expires_in(), None);
        let read = info(r#"{"scopes": ["read"], "expires_in_seconds": 60, "created_at": 1}"#);
        assert!(read.may("app:read") && !read.may("app:update"));
        assert_eq!(read.expires_in(), Some(Duration::from_secs(60)));
        assert_eq!(info(r#"{"scopes": null, "expires_in_seconds": null}"#), TokenInfo::default());
    }

    #[test]
    fn an_account_may_have_no_team() {
        for (json, expected) in [
            (
                r#"{"account": {"email": "a@b.example", "team": {"name": "Shop"}, "status": "new"}}"#,
                ("a@b.example", "Shop"),
            ),
            (r#"{"account": {"email": "a@b.example"}}"#, ("a@b.example", "")),
            (r#"{"account": {"email": "a@b.example", "team": null}}"#, ("a@b.example", "")),
        ] {
            let Reply { account } = serde_json::from_str(json).unwrap();
            assert_eq!((account.email.as_str(), account.team.name.as_str()), expected);
        }
    }
}
