//! Shared wire forms: a connection, and how lenient reading is. The API leaves out, nulls and adds fields.

use serde::{Deserialize, Deserializer};

use crate::domain::{cluster::Endpoint, conn_url::ConnUrl, secret::Secret};

/// `null` and a missing field both mean the default.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A password of the account. Empty where the token may not see it.
pub(super) fn password(text: &str) -> Option<Secret> {
    (!text.is_empty()).then(|| Secret::new(text))
}

/// A connection object. None of its fields is promised.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Connection {
    #[serde(deserialize_with = "or_default")]
    uri: String,
    #[serde(deserialize_with = "or_default")]
    database: String,
    #[serde(deserialize_with = "or_default")]
    host: String,
    port: Option<u16>,
    #[serde(deserialize_with = "or_default")]
    user: String,
    #[serde(deserialize_with = "or_default")]
    password: String,
}

impl Connection {
    /// `None` without host or port: a cluster that is still being created has neither.
    ///
    /// The path of `uri` names the database; the field `database` is empty in real answers. The other fields are plain
    /// text and win over `uri`, whose user and password are empty for an inbound-user pool.
    pub(super) fn endpoint(self) -> Option<Endpoint> {
        let url = ConnUrl::parse(&self.uri).ok();
        let or_url = |field: String, part: fn(&ConnUrl) -> &str| {
            if field.is_empty() {
                url.as_ref().map(part).unwrap_or_default().to_owned()
            } else {
                field
            }
        };
        let host = or_url(self.host, |url| &url.host);
        let port = self.port.or_else(|| url.as_ref().map(|url| url.port))?;
        let user = or_url(self.user, |url| &url.user);
        let password = password(&self.password)
            .or_else(|| url.as_ref()?.password.clone().filter(|password| !password.is_empty()));
        let database = match &url {
            Some(url) if !url.database.is_empty() => url.database.clone(),
            Some(_) | None => self.database,
        };
        (!host.is_empty()).then_some(Endpoint { host, port, user, password, database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(json: &str) -> Option<Endpoint> {
        serde_json::from_str::<Connection>(json).expect("any object is read").endpoint()
    }

    #[test]
    fn the_path_of_the_uri_names_the_database() {
        let read = endpoint(
            r#"{"uri": "postgres://doadmin:p%40ss@db.example:25060/defaultdb?sslmode=require",
                "database": "", "host": "db.example", "port": 25060, "user": "doadmin",
                "password": "p@ss", "ssl": true, "protocol": "postgresql"}"#,
        );
        let expected = Endpoint {
            host: "db.example".to_owned(),
            port: 25060,
            user: "doadmin".to_owned(),
            password: Some(Secret::new("p@ss")),
            database: "defaultdb".to_owned(),
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn a_uri_alone_is_enough() {
        let read = endpoint(r#"{"uri": "postgresql://app:p%40ss@db.example:25061/shop-pool"}"#);
        let expected = Endpoint {
            host: "db.example".to_owned(),
            port: 25061,
            user: "app".to_owned(),
            password: Some(Secret::new("p@ss")),
            database: "shop-pool".to_owned(),
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn an_inbound_user_pool_has_neither_user_nor_password() {
        let read = endpoint(
            r#"{"uri": "postgresql://:@db.example:25061/p-04?sslmode=require", "database": "p-04",
                "host": "db.example", "port": 25061, "user": "", "password": ""}"#,
        )
        .expect("it has a host");
        assert_eq!((read.user.as_str(), read.password, read.database.as_str()), ("", None, "p-04"));
    }

    #[test]
    fn hidden_passwords_are_none_whatever_their_form() {
        for json in [
            r#"{"uri": "postgres://db.example:25060/defaultdb", "host": "db.example", "port": 25060}"#,
            r#"{"uri": "postgres://doadmin:@db.example:25060/defaultdb", "host": "db.example", "port": 25060,
                "user": "doadmin", "password": ""}"#,
            r#"{"uri": null, "database": null, "host": "db.example", "port": 25060, "user": null, "password": null}"#,
        ] {
            assert_eq!(endpoint(json).map(|read| read.password), Some(None), "{json}");
        }
    }

    #[test]
    fn a_cluster_that_is_being_created_has_no_connection_yet() {
        assert_eq!(endpoint("{}"), None);
        assert_eq!(endpoint(r#"{"uri": "", "host": "", "port": 0}"#), None);
    }
}
