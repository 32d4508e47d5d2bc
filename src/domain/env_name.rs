//! Names of env files: which file is one, which hold no values, in which order tools read them.

/// What is left of a name after `.env.` when it is no env file of its own: copies, encrypted forms, our leftovers.
const OTHERS: [&str; 17] = [
    "age",
    "asc",
    "backup",
    "bak",
    "enc",
    "encrypted",
    "gpg",
    "keys",
    "old",
    "orig",
    "pgp",
    "rej",
    "save",
    "swo",
    "swp",
    "tmp",
    "vault",
];

/// A name of a variable that every shell and env reader accepts.
pub fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `.env`, `.env.local`, `.env.production`; not `.envrc`, which is a script, nor `.env.bak`.
pub fn is_env_file(name: &str) -> bool {
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|rest| {
            rest.split('.').all(|part| !part.is_empty() && !OTHERS.contains(&part))
                && !rest.ends_with('~')
        }),
        None => false,
    }
}

/// `.env.example` and its relatives are committed: they get no values.
pub fn is_example(name: &str) -> bool {
    name.split('.').any(|part| matches!(part, "example" | "sample" | "template" | "dist"))
}

/// Sorts in the order tools read: `.env`, `.env.production`, `.env.local`, `.env.production.local`; examples last.
pub fn reading_order(name: &str) -> (bool, bool, usize, &str) {
    let is_local = name.split('.').next_back() == Some("local");
    (is_example(name), is_local, name.matches('.').count(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_scripts_and_encrypted_forms_are_no_env_files() {
        for name in [".env", ".env.local", ".env.production.local", ".env.example"] {
            assert!(is_env_file(name), "{name}");
        }
        for name in [
            ".envrc",
            ".environment",
            "env",
            ".env~",
            ".env.",
            ".env.bak",
            ".env.local~",
            ".env.production.bak",
            ".env.vault",
            ".env.poolwright.a1B2c3.tmp",
        ] {
            assert!(!is_env_file(name), "{name}");
        }
    }

    #[test]
    fn files_stand_in_the_order_that_tools_read() {
        let mut names = [
            ".env.example",
            ".env.production.local",
            ".env.local",
            ".env.production",
            ".env",
            ".env.development",
        ];
        names.sort_by_key(|name| reading_order(name));
        assert_eq!(
            names,
            [
                ".env",
                ".env.development",
                ".env.production",
                ".env.local",
                ".env.production.local",
                ".env.example",
            ]
        );
    }
}
