//! The same variables for places that are no `.env` file, each in that place's own format.

use crate::domain::{
    conn_url::ConnUrl,
    env_file::{self, Assignment, BadAssignment},
    secret::{MASK, Secret},
    words::quoted,
};

/// A place that takes variables in a format of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvTarget {
    Compose,
    Kubernetes,
    GitHubActions,
    Systemd,
    Direnv,
    PowerShell,
    Fish,
    AppSpec,
}

impl EnvTarget {
    pub const ALL: [Self; 8] = [
        Self::Compose,
        Self::Kubernetes,
        Self::GitHubActions,
        Self::Systemd,
        Self::Direnv,
        Self::PowerShell,
        Self::Fish,
        Self::AppSpec,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Compose => "Docker Compose",
            Self::Kubernetes => "Kubernetes Secret",
            Self::GitHubActions => "GitHub Actions secrets",
            Self::Systemd => "systemd EnvironmentFile",
            Self::Direnv => "direnv",
            Self::PowerShell => "PowerShell",
            Self::Fish => "fish",
            Self::AppSpec => "App Platform spec",
        }
    }

    /// Does its text hold the password?
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::GitHubActions | Self::AppSpec)
    }

    /// Where the app finds the authority's file in this place, for a URL that names it; `None`: where the project has it.
    pub fn authority_place(self, names: Names<'_>) -> Option<String> {
        let file = names.authority?.name();
        match self {
            Self::Compose => Some(format!("/etc/ssl/{file}")),
            Self::Kubernetes => Some(format!("/etc/{}/{file}", authority_map(names.pool))),
            Self::Systemd => Some(format!("/etc/{}/{file}", names.pool)),
            Self::GitHubActions | Self::Direnv | Self::PowerShell | Self::Fish | Self::AppSpec => {
                None
            }
        }
    }

    /// How the authority's file gets there.
    pub fn authority_advice(self, names: Names<'_>) -> Option<String> {
        let Authority { file, .. } = names.authority?;
        let place = self.authority_place(names).unwrap_or_default();
        Some(match self {
            Self::Compose => format!("The container sees {file} as {place}, for reading only."),
            Self::Kubernetes => format!(
                "Mount the ConfigMap {} as a volume, so that the container sees {place}.",
                authority_map(names.pool)
            ),
            Self::Systemd => format!("Copy {file} to {place}; anybody may read it."),
            Self::GitHubActions => {
                format!("Commit {file}: it is no secret, and the URL names it by this path.")
            }
            Self::Direnv | Self::PowerShell | Self::Fish => {
                format!("Run the app in the project's folder, where {file} stands.")
            }
            Self::AppSpec => format!(
                "{AUTHORITY} holds the certificate itself; write it to {file} before the app starts, or hand it to the client."
            ),
        })
    }

    /// Where the text goes, and what to mind there.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Compose => {
                "Into compose.override.yaml, beside compose.yaml. Rename the service “app”. Do not commit the file: it holds the password."
            }
            Self::Kubernetes => {
                "For kubectl apply -f -, which reads it from standard input, so that it is in no file. Then name the Secret under envFrom of the container."
            }
            Self::GitHubActions => {
                "Run it in the project's folder, after the env file was written. The values go through standard input and are in no command line."
            }
            Self::Systemd => {
                "Into a file that only root can read, such as /etc/NAME/env (mode 0600), named by EnvironmentFile= in the unit. Then restart the unit."
            }
            Self::Direnv => "Into .envrc, which git must ignore. Then run direnv allow.",
            Self::PowerShell => "For the session it is run in. It is not kept.",
            Self::Fish => "For the session it is run in. It is not kept.",
            Self::AppSpec => {
                "References, which hold no password and follow a rotation. The cluster has to be attached to the app under databases."
            }
        }
    }
}

/// What the formats name beside the variables.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Relative to the project; where the variables stand already.
    pub env_file: &'a str,
    /// The cluster, as the app attaches it.
    pub cluster: &'a str,
    pub pool: &'a str,
    /// Where the client checks the server's certificate.
    pub authority: Option<Authority<'a>>,
}

/// The cluster's certificate authority, which is no secret.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a> {
    /// As the URLs name it: relative to the project, or absolute.
    pub file: &'a str,
    pub pem: &'a str,
    /// The variable of the process by which the client finds it, where it has one.
    pub key: Option<&'static str>,
}

impl<'a> Authority<'a> {
    /// Without its folders.
    fn name(self) -> &'a str {
        self.file.rsplit('/').next().unwrap_or(self.file)
    }

    /// As a shell in the project's folder names it, inside double quotes.
    fn in_shell(self) -> String {
        if self.file.starts_with('/') {
            self.file.to_owned()
        } else {
            format!("$PWD/{}", self.file)
        }
    }
}

/// The variable of an App Platform spec that holds the authority.
const AUTHORITY: &str = "DATABASE_CA_CERT";

/// Both variables in the format of `target`. Values that readers disagree about are refused, as in env files.
pub fn text(
    target: EnvTarget,
    assignments: &[Assignment],
    names: Names<'_>,
) -> Result<Secret, BadAssignment> {
    // The values leave inside the text, which is a secret again.
    render(target, assignments, names, |value| value.expose().to_owned()).map(Secret::new)
}

/// The same for the screen, passwords masked.
pub fn masked(
    target: EnvTarget,
    assignments: &[Assignment],
    names: Names<'_>,
) -> Result<String, BadAssignment> {
    // Only the URL without its password leaves.
    render(target, assignments, names, |value| {
        ConnUrl::parse(value.expose()).map_or_else(|_| MASK.to_owned(), |url| url.masked())
    })
}

fn render(
    target: EnvTarget,
    assignments: &[Assignment],
    names: Names<'_>,
    shown: impl Fn(&Secret) -> String,
) -> Result<String, BadAssignment> {
    let values: Vec<(&str, String)> = assignments
        .iter()
        .map(|assignment| {
            env_file::check(assignment)?;
            Ok((assignment.key.as_str(), shown(&assignment.value)))
        })
        .collect::<Result<_, BadAssignment>>()?;
    if let Some(Authority { file, key, .. }) = names.authority {
        let key = key.unwrap_or(AUTHORITY).to_owned();
        env_file::check(&Assignment { key, value: Secret::new(file) })?;
    }
    Ok(write(target, &values, names))
}

/// The values hold none of the characters that any of these formats gives a meaning inside its quotes.
fn write(target: EnvTarget, values: &[(&str, String)], names: Names<'_>) -> String {
    let place = target.authority_place(names);
    let mut values = values.to_vec();
    if let (Some(place), Some(key)) = (&place, names.authority.and_then(|authority| authority.key))
    {
        values.push((key, place.clone()));
    }
    let lines = |line: &dyn Fn(&str, &str) -> String| -> String {
        values.iter().map(|(key, value)| line(key, value)).collect()
    };
    // A session in the project's folder, which the authority's file stands in.
    let here = |line: &dyn Fn(&str, &str) -> String| {
        let authority = names.authority.and_then(|at| Some(line(at.key?, &at.in_shell())));
        authority.unwrap_or_default()
    };
    match target {
        EnvTarget::Compose => compose(&lines(&yaml("      ")), names, place.as_deref()),
        EnvTarget::Kubernetes => kubernetes(&lines(&yaml("  ")), names),
        EnvTarget::GitHubActions => {
            let keys: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
            format!(
                "grep -E '^(export )?({})=' {} | gh secret set --env-file -\n",
                keys.join("|"),
                quoted(names.env_file)
            )
        }
        EnvTarget::Systemd => lines(&|key, value| format!("{key}=\"{value}\"\n")),
        EnvTarget::Direnv => {
            let line = |key: &str, value: &str| format!("export {key}=\"{value}\"\n");
            lines(&line) + &here(&line)
        }
        EnvTarget::PowerShell => {
            lines(&|key, value| format!("$env:{key} = '{value}'\n"))
                + &here(&|key, value| format!("$env:{key} = \"{value}\"\n"))
        }
        EnvTarget::Fish => {
            lines(&|key, value| format!("set -gx {key} '{value}'\n"))
                + &here(&|key, value| format!("set -gx {key} \"{value}\"\n"))
        }
        EnvTarget::AppSpec => app_spec(&values, names),
    }
}

fn yaml(indent: &str) -> impl Fn(&str, &str) -> String {
    move |key, value| format!("{indent}{key}: \"{value}\"\n")
}

fn compose(variables: &str, names: Names<'_>, place: Option<&str>) -> String {
    let volumes = match (names.authority, place) {
        (Some(Authority { file, .. }), Some(place)) => {
            let source = if file.starts_with('/') { file.to_owned() } else { format!("./{file}") };
            format!(
                "    volumes:\n      - type: bind\n        source: \"{source}\"\n        target: \"{place}\"\n        read_only: true\n"
            )
        }
        (None, _) | (_, None) => String::new(),
    };
    format!("services:\n  app:\n    environment:\n{variables}{volumes}")
}

fn kubernetes(variables: &str, names: Names<'_>) -> String {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ntype: Opaque\nstringData:\n{variables}",
        kubernetes_name(names.pool)
    );
    let Some(authority) = names.authority else { return secret };
    let pem: String = authority.pem.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "{secret}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  \"{}\": |\n{pem}",
        authority_map(names.pool),
        authority.name()
    )
}

/// The pool's binding for the first variable, the cluster's own for the others.
fn app_spec(
    values: &[(&str, String)],
    Names { cluster, pool, authority, .. }: Names<'_>,
) -> String {
    let bindings = values.iter().enumerate().map(|(index, (key, _))| {
        let binding = match index {
            0 => format!("${{{cluster}.{pool}.DATABASE_URL}}"),
            _ => format!("${{{cluster}.DATABASE_URL}}"),
        };
        (*key, binding)
    });
    let authority = authority.map(|_| (AUTHORITY, format!("${{{cluster}.CA_CERT}}")));
    let variables = bindings.chain(authority).map(|(key, binding)| {
        format!("  - key: {key}\n    scope: RUN_TIME\n    value: {binding}\n")
    });
    format!("envs:\n{}", variables.collect::<String>())
}

/// The `ConfigMap` that holds the authority.
fn authority_map(pool: &str) -> String {
    kubernetes_name(pool).replace("-urls", "-ca")
}

/// Lower-case letters, digits and hyphens, as the names of Kubernetes objects have to be (RFC 1123).
fn kubernetes_name(pool: &str) -> String {
    let name: String = pool
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    format!("{}-urls", name.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOLED: &str =
        "postgresql://shop_app:canary%24@db.example.com:25061/shop_Pool?sslmode=require&a=b";
    const DIRECT: &str = "postgresql://shop_app:canary%24@db.example.com:25060/shop";
    const NAMES: Names<'_> =
        Names { env_file: "it's/.env", cluster: "shop-db", pool: "shop_Pool", authority: None };
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const VERIFIED: Names<'_> = Names {
        authority: Some(Authority {
            file: "certs/shop-db-ca.crt",
            pem: PEM,
            key: Some("PGSSLROOTCERT"),
        }),
        ..NAMES
    };

    fn assignments() -> [Assignment; 2] {
        [("DATABASE_URL", POOLED), ("DIRECT_URL", DIRECT)]
            .map(|(key, value)| Assignment { key: key.to_owned(), value: Secret::new(value) })
    }

    fn written(target: EnvTarget) -> String {
        text(target, &assignments(), NAMES).expect("a text").expose().to_owned()
    }

    #[test]
    fn yaml_holds_both_values_as_strings() {
        let compose: serde_json::Value =
            serde_saphyr::from_str(&written(EnvTarget::Compose)).expect("YAML");
        let variables = &compose["services"]["app"]["environment"];
        assert_eq!(variables["DATABASE_URL"], POOLED);
        assert_eq!(variables["DIRECT_URL"], DIRECT);

        let secret: serde_json::Value =
            serde_saphyr::from_str(&written(EnvTarget::Kubernetes)).expect("YAML");
        assert_eq!(secret["kind"], "Secret");
        assert_eq!(secret["metadata"]["name"], "shop-pool-urls");
        assert_eq!(secret["stringData"]["DATABASE_URL"], POOLED);
        assert_eq!(secret["stringData"]["DIRECT_URL"], DIRECT);

        let spec: serde_json::Value =
            serde_saphyr::from_str(&written(EnvTarget::AppSpec)).expect("YAML");
        assert_eq!(spec["envs"][0]["value"], "${shop-db.shop_Pool.DATABASE_URL}");
        assert_eq!(spec["envs"][1]["value"], "${shop-db.DATABASE_URL}");
        assert_eq!(spec["envs"][1]["key"], "DIRECT_URL");
    }

    #[test]
    fn a_place_that_has_no_project_folder_gets_the_authoritys_file() {
        let written = |target| {
            let text = text(target, &assignments(), VERIFIED).expect("a text");
            text.expose().to_owned()
        };
        let compose: serde_json::Value =
            serde_saphyr::from_str(&written(EnvTarget::Compose)).expect("YAML");
        let app = &compose["services"]["app"];
        assert_eq!(app["environment"]["PGSSLROOTCERT"], "/etc/ssl/shop-db-ca.crt");
        assert_eq!(app["volumes"][0]["source"], "./certs/shop-db-ca.crt");
        assert_eq!(app["volumes"][0]["target"], "/etc/ssl/shop-db-ca.crt");

        let kubernetes = written(EnvTarget::Kubernetes);
        let (secret, map) = kubernetes.split_once("---\napi").expect("two documents");
        let secret: serde_json::Value = serde_saphyr::from_str(secret).expect("YAML");
        let place = "/etc/shop-pool-ca/shop-db-ca.crt";
        assert_eq!(secret["stringData"]["PGSSLROOTCERT"], place);
        let map: serde_json::Value = serde_saphyr::from_str(&format!("api{map}")).expect("YAML");
        assert_eq!(map["kind"], "ConfigMap");
        assert_eq!(map["metadata"]["name"], "shop-pool-ca");
        assert_eq!(map["data"]["shop-db-ca.crt"], PEM);

        let spec: serde_json::Value =
            serde_saphyr::from_str(&written(EnvTarget::AppSpec)).expect("YAML");
        assert_eq!(spec["envs"][2]["key"], "DATABASE_CA_CERT");
        assert_eq!(spec["envs"][2]["value"], "${shop-db.CA_CERT}");
        assert_eq!(spec["envs"].as_array().map(Vec::len), Some(3));

        assert!(
            written(EnvTarget::Systemd)
                .ends_with("PGSSLROOTCERT=\"/etc/shop_Pool/shop-db-ca.crt\"\n")
        );
        for target in EnvTarget::ALL {
            assert!(target.authority_advice(VERIFIED).is_some(), "{target:?}");
            assert_eq!(target.authority_advice(NAMES), None, "{target:?}");
        }
    }

    #[test]
    fn an_authority_whose_path_would_be_read_differently_is_refused() {
        let authority = Authority { file: "my certs/$(x).crt", pem: PEM, key: None };
        let names = Names { authority: Some(authority), ..NAMES };
        for target in EnvTarget::ALL {
            assert!(text(target, &assignments(), names).is_err(), "{target:?}");
        }
    }

    #[test]
    fn what_is_shown_and_what_needs_no_secret_holds_none() {
        for target in EnvTarget::ALL {
            let shown = masked(target, &assignments(), NAMES).expect("a text");
            assert!(!shown.contains("canary"), "{target:?}");
            let made = text(target, &assignments(), NAMES).expect("a text");
            assert!(!format!("{made:?}").contains("canary"), "{target:?}");
            assert_eq!(made.expose().contains("canary"), target.is_secret(), "{target:?}");
        }
    }

    #[test]
    fn a_value_that_a_format_would_read_differently_is_refused() {
        let bad = [Assignment { key: "A".to_owned(), value: Secret::new("$(x)") }];
        for target in EnvTarget::ALL {
            assert!(text(target, &bad, NAMES).is_err(), "{target:?}");
            assert!(masked(target, &bad, NAMES).is_err(), "{target:?}");
        }
    }
}
