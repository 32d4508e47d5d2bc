//! Laravel and PDO.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{About, Side, Stray, rules::LIBPQ_TLS};

const SIDE: Side =
    Side { reads: &[Reader::Libpq], stray: Stray::Ignored, tls: LIBPQ_TLS, rules: &[] };

pub const LARAVEL: About = About {
    title: "Laravel",
    family: "PHP",
    also: "pdo eloquent symfony doctrine",
    form: Form::URL,
    pooled: SIDE,
    direct: SIDE,
    file: "config/database.php",
    code: r"
'pgsql' => [
    'driver' => 'pgsql',
    'url' => env('$KEY'),
    'charset' => 'utf8',
[unnamed]    'options' => [PDO::PGSQL_ATTR_DISABLE_PREPARES => true], ← PDO prepares statements by name, which lasts for one transaction only behind this pool.
],
",
    migrate: (
        r#"$KEY="$$DIRECT" php artisan migrate --force"#,
        "Without config:cache; a cached configuration keeps the pooled URL.",
    ),
};
