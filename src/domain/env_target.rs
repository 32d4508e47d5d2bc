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
}

/// The text for one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetText {
    pub text: Secret,
    /// For the screen.
    pub masked: String,
    /// The text holds the password.
    pub secret: bool,
}

/// Both variables in the format of `target`. Values that readers disagree about are refused, as in env files.
pub fn render(
    target: EnvTarget,
    assignments: &[Assignment],
    names: Names<'_>,
) -> Result<TargetText, BadAssignment> {
    for assignment in assignments {
        env_file::check(assignment)?;
    }
    // The values leave inside the text, which is a secret again.
    let plain = assignments.iter().map(|a| (a.key.as_str(), a.value.expose().to_owned()));
    let masked = assignments.iter().map(|a| (a.key.as_str(), shown(a.value.expose())));
    let text = Secret::new(write(target, &plain.collect::<Vec<_>>(), names));
    let masked = write(target, &masked.collect::<Vec<_>>(), names);
    let secret = !matches!(target, EnvTarget::GitHubActions | EnvTarget::AppSpec);
    Ok(TargetText { text, masked, secret })
}

fn shown(value: &str) -> String {
    ConnUrl::parse(value).map_or_else(|_| MASK.to_owned(), |url| url.masked())
}

/// The values hold none of the characters that any of these formats gives a meaning inside its quotes.
fn write(target: EnvTarget, values: &[(&str, String)], names: Names<'_>) -> String {
    let lines = |line: &dyn Fn(&str, &str) -> String| -> String {
        values.iter().map(|(key, value)| line(key, value)).collect()
    };
    match target {
        EnvTarget::Compose => {
            let variables = lines(&|key, value| format!("      {key}: \"{value}\"\n"));
            format!("services:\n  app:\n    environment:\n{variables}")
        }
        EnvTarget::Kubernetes => {
            let variables = lines(&|key, value| format!("  {key}: \"{value}\"\n"));
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ntype: Opaque\nstringData:\n{variables}",
                kubernetes_name(names.pool)
            )
        }
        EnvTarget::GitHubActions => {
            let keys: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
            format!(
                "grep -E '^(export )?({})=' {} | gh secret set --env-file -\n",
                keys.join("|"),
                quoted(names.env_file)
            )
        }
        EnvTarget::Systemd => lines(&|key, value| format!("{key}=\"{value}\"\n")),
        EnvTarget::Direnv => lines(&|key, value| format!("export {key}=\"{value}\"\n")),
        EnvTarget::PowerShell => lines(&|key, value| format!("$env:{key} = '{value}'\n")),
        EnvTarget::Fish => lines(&|key, value| format!("set -gx {key} '{value}'\n")),
        EnvTarget::AppSpec => app_spec(values, names),
    }
}

/// The pool's binding for the first variable, the cluster's own for the others.
fn app_spec(values: &[(&str, String)], Names { cluster, pool, .. }: Names<'_>) -> String {
    let variables = values.iter().enumerate().map(|(index, (key, _))| {
        let binding = match index {
            0 => format!("${{{cluster}.{pool}.DATABASE_URL}}"),
            _ => format!("${{{cluster}.DATABASE_URL}}"),
        };
        format!("  - key: {key}\n    scope: RUN_TIME\n    value: {binding}\n")
    });
    format!("envs:\n{}", variables.collect::<String>())
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
    const NAMES: Names<'_> = Names { env_file: "it's/.env", cluster: "shop-db", pool: "shop_Pool" };

    fn assignments() -> [Assignment; 2] {
        [("DATABASE_URL", POOLED), ("DIRECT_URL", DIRECT)]
            .map(|(key, value)| Assignment { key: key.to_owned(), value: Secret::new(value) })
    }

    fn text(target: EnvTarget) -> String {
        render(target, &assignments(), NAMES).expect("a text").text.expose().to_owned()
    }

    #[test]
    fn yaml_holds_both_values_as_strings() {
        let compose: serde_json::Value =
            serde_saphyr::from_str(&text(EnvTarget::Compose)).expect("YAML");
        let variables = &compose["services"]["app"]["environment"];
        assert_eq!(variables["DATABASE_URL"], POOLED);
        assert_eq!(variables["DIRECT_URL"], DIRECT);

        let secret: serde_json::Value =
            serde_saphyr::from_str(&text(EnvTarget::Kubernetes)).expect("YAML");
        assert_eq!(secret["kind"], "Secret");
        assert_eq!(secret["metadata"]["name"], "shop-pool-urls");
        assert_eq!(secret["stringData"]["DATABASE_URL"], POOLED);
        assert_eq!(secret["stringData"]["DIRECT_URL"], DIRECT);

        let spec: serde_json::Value =
            serde_saphyr::from_str(&text(EnvTarget::AppSpec)).expect("YAML");
        assert_eq!(spec["envs"][0]["value"], "${shop-db.shop_Pool.DATABASE_URL}");
        assert_eq!(spec["envs"][1]["value"], "${shop-db.DATABASE_URL}");
        assert_eq!(spec["envs"][1]["key"], "DIRECT_URL");
    }

    #[test]
    fn what_is_shown_and_what_needs_no_secret_holds_none() {
        for target in EnvTarget::ALL {
            let made = render(target, &assignments(), NAMES).expect("a text");
            assert!(!made.masked.contains("canary"), "{target:?}");
            assert!(!format!("{made:?}").contains("canary"), "{target:?}");
            assert_eq!(made.text.expose().contains("canary"), made.secret, "{target:?}");
        }
    }

    #[test]
    fn a_value_that_a_format_would_read_differently_is_refused() {
        let bad = [Assignment { key: "A".to_owned(), value: Secret::new("$(x)") }];
        for target in EnvTarget::ALL {
            assert!(render(target, &bad, NAMES).is_err(), "{target:?}");
        }
    }
}
