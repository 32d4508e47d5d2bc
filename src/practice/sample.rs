//! The sample project: a small Prisma app with the usual mistakes, written into a folder of the person's.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use crate::domain::secret::Secret;

macro_rules! sample {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../assets/practice/project/", $path)))),*]
    };
}

const FILES: [(&str, &str); 12] = sample![
    ".env.example",
    ".gitignore",
    "package.json",
    "tsconfig.json",
    "prisma/schema.prisma",
    "prisma/migrations/migration_lock.toml",
    "prisma/migrations/20250901080000_init/migration.sql",
    "prisma/migrations/20250922101500_add_payments/migration.sql",
    "prisma/migrations/20251103143000_index_payments/migration.sql",
    "src/lib/db.ts",
    "src/lib/payments.ts",
    "src/server.ts",
];

/// Takes the place of the last migration: it names a column that no table has.
const FAILING: (&str, &str) = (
    "prisma/migrations/20251103143000_index_payments/migration.sql",
    include_str!("../../assets/practice/failing-migration.sql"),
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Migrations {
    Sound,
    LastFails,
}

/// Writes the project into `folder`, which is there and private. `direct_url` goes into its `.env`.
pub(super) fn write(folder: &Path, direct_url: &Secret, migrations: Migrations) -> io::Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
        fs::File::create(path)?.write_all(text.as_bytes())?;
    }
    if migrations == Migrations::LastFails {
        let (path, text) = FAILING;
        fs::File::create(folder.join(path))?.write_all(text.as_bytes())?;
    }
    let mut env =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(folder.join(".env"))?;
    // The key that the app reads; the file is private.
    let url = direct_url.expose();
    write!(
        env,
        "# Database of the practice cluster\nDATABASE_URL=\"{url}\"\n\n# Web server\nPORT=8080\nNODE_ENV=production\n"
    )
}
