//! PHP: Laravel's database configuration.

use crate::domain::project::{Feature, Library};

use super::{Code, Read};

pub fn read(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    if !code.path.ends_with("config/database.php") {
        return;
    }
    let texts = (0..source.tokens.len()).filter(|at| source.literal(*at) == Some("pgsql"));
    for at in texts {
        // `'pgsql' => [`
        let is_connection = (1..4).map(|by| source.word(at + by)).eq(["=", ">", "["]);
        let Some(close) = is_connection.then(|| source.closing(at + 3)).flatten() else { continue };
        read.clients.push((Library::Laravel, code.seen("pgsql connection", at)));
        let has_options = source.argument(at + 3, close, "options").is_some();
        if !code.target.loses_statements() || has_options {
            continue;
        }
        let Some(driver) = source.argument(at + 3, close, "driver") else { continue };
        if source.word(driver + 1) != "," {
            continue;
        }
        let what = "PDO prepares statements by name.";
        let line = "'options' => [PDO::ATTR_EMULATE_PREPARES => true],";
        let found = code
            .feature(Feature::NamedStatement, at, what)
            .fixed(source.text, code.line_after(driver, driver + 1, line));
        read.sighted.push(found.into());
    }
}
