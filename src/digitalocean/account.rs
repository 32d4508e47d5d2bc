//! Whose token it is.

use serde::Deserialize;

use crate::digitalocean::{
    client::Client, error::ApiError, operation::Operation, wire::or_default,
};

/// Who is signed in, as far as the account tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub email: Option<String>,
    pub team: Option<String>,
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
