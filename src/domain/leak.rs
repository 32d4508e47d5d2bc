//! Tokens and passwords where none may stand: in a file that is committed, in a team profile.

/// What was recognised. The value itself is never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    Token,
    Password,
}

impl Leak {
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "DigitalOcean token",
            Self::Password => "database password",
        }
    }
}

/// The provider's marks: personal tokens, OAuth and refresh tokens; then generated database passwords.
const TOKENS: [&str; 3] = ["dop_v1_", "doo_v1_", "dor_v1_"];
const PASSWORD: &str = "AVNS_";

/// Lines, from 1, that hold a token, one of the provider's passwords, or a PostgreSQL URL with a password for a
/// server that is not this computer. Placeholders and variables are none.
pub fn in_text(text: &str) -> Vec<(usize, Leak)> {
    let lines = text.lines().enumerate();
    lines.filter_map(|(at, line)| Some((at + 1, in_line(line)?))).collect()
}

/// Stricter than in a text: a URL of any kind with any password is one.
pub fn in_value(value: &str) -> Option<Leak> {
    marked(value).or_else(|| {
        let mut urls = credentials(value, "");
        urls.any(|url| !url.password.is_empty()).then_some(Leak::Password)
    })
}

fn in_line(line: &str) -> Option<Leak> {
    marked(line).or_else(|| {
        let mut urls =
            ["postgresql", "postgres"].into_iter().flat_map(|name| credentials(line, name));
        urls.any(|url| url.is_real()).then_some(Leak::Password)
    })
}

fn marked(text: &str) -> Option<Leak> {
    let follows = |mark: &str, inside: fn(char) -> bool, least: usize| {
        text.match_indices(mark).any(|(at, _)| {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            least <= rest.chars().take_while(|c| inside(*c)).count()
        })
    };
    if TOKENS.into_iter().any(|mark| follows(mark, |c| c.is_ascii_hexdigit(), 32)) {
        Some(Leak::Token)
    } else if follows(PASSWORD, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'), 8) {
        Some(Leak::Password)
    } else {
        None
    }
}

/// The part of a URL before the path: `user:password@host`.
struct Credentials<'a> {
    user: &'a str,
    password: &'a str,
    host: &'a str,
}

impl Credentials<'_> {
    fn is_real(&self) -> bool {
        !is_placeholder(self.password) && self.password != self.user && !is_local(self.host)
    }
}

/// Every URL of a scheme that ends in `scheme` and has a password.
fn credentials<'a>(text: &'a str, scheme: &'a str) -> impl Iterator<Item = Credentials<'a>> {
    text.match_indices("://").filter_map(move |(at, mark)| {
        if !text.get(..at)?.ends_with(scheme) {
            return None;
        }
        let rest = text.get(at + mark.len()..)?;
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
        let url = rest.split(ends).next()?;
        // An unescaped @ in a password: the last one ends it.
        let (login, server) = url.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let host = server.split(['/', '?', '#', ':']).next()?;
        Some(Credentials { user, password, host })
    })
}

fn is_placeholder(password: &str) -> bool {
    const WORDS: [&str; 8] =
        ["admin", "dummy", "pass", "passwd", "password", "postgres", "pw", "secret"];
    const PARTS: [&str; 13] = [
        "your",
        "change",
        "example",
        "placeholder",
        "xxx",
        "...",
        "$",
        "{",
        "<",
        "[",
        "*",
        "•",
        "…",
    ];
    let word = password.to_lowercase();
    word.is_empty()
        || WORDS.contains(&word.as_str())
        || PARTS.iter().any(|part| word.contains(part))
}

/// This computer, a service of a compose file, or a name reserved for documentation.
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let ends = ["localhost", ".local", ".test", ".invalid", ".example", "example.com", ".internal"];
    !host.contains('.')
        || host.starts_with("127.")
        || host == "0.0.0.0"
        || ends.iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        format!("dop_v1_{}", "0123abcd".repeat(8))
    }

    #[test]
    fn secrets_are_found_with_their_lines() {
        let text = format!(
            "A=1\nTOKEN={}\nPASS=AVNS_0123456789\nDATABASE_URL=\"postgresql://shop:s3cr@t@db.shop.io:25060/shop\"\n",
            token()
        );

        assert_eq!(in_text(&text), [(2, Leak::Token), (3, Leak::Password), (4, Leak::Password)]);
    }

    #[test]
    fn examples_variables_and_local_servers_are_none() {
        for line in [
            "DATABASE_URL=postgresql://user:password@db.shop.io:5432/shop",
            "DATABASE_URL=postgresql://shop:<password>@db.shop.io/shop",
            "DATABASE_URL=postgresql://shop:${PASSWORD}@db.shop.io/shop",
            "DATABASE_URL=postgresql://shop:s3cret9@localhost:5432/shop",
            "DATABASE_URL=postgresql://shop:s3cret9@db:5432/shop",
            "DATABASE_URL=postgresql://shop:s3cret9@127.0.0.1/shop",
            "DATABASE_URL=postgresql://doadmin:PASSWORD@contrezz.db.ondigitalocean.com:25061/shop",
            "DATABASE_URL=postgresql://shop@db.shop.io/shop",
            "https://someone:s3cret9@registry.shop.io/",
            "a token begins with dop_v1_ and a password with AVNS_",
        ] {
            assert_eq!(in_text(line), [], "{line}");
        }
    }

    #[test]
    fn a_value_may_hold_no_password_at_all() {
        for value in [
            token().as_str(),
            "AVNS_0123456789",
            "https://a:b@shop.io",
            "postgresql://u:password@localhost/x",
        ] {
            assert!(in_value(value).is_some(), "{value}");
        }
        for value in
            ["https://shop.io/health", "contrezz-pool", "https://a@shop.io", "https://a:@shop.io"]
        {
            assert_eq!(in_value(value), None, "{value}");
        }
    }
}
