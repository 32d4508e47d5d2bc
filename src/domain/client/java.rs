//! Java: pgjdbc under HikariCP and Spring.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{LIBPQ_TLS, When, set},
};

const POOLED: Side = Side {
    reads: &[Reader::Libpq, Reader::Jdbc],
    stray: Stray::Ignored,
    tls: LIBPQ_TLS,
    rules: &[
        set(
            "prepareThreshold",
            "0",
            "From its fifth run on a statement is prepared by name, which lasts for one transaction only behind this pool.",
        )
        .when(When::Unnamed),
        // A startup parameter, as options is.
        super::rules::without(
            "currentSchema",
            "It is sent to the server at sign-in, and a pooler refuses that.",
        ),
    ],
};

const DIRECT: Side = Side { rules: &[], ..POOLED };

pub const HIKARI: About = About {
    title: "JDBC with HikariCP",
    family: "Java",
    also: "pgjdbc kotlin hibernate jooq quarkus micronaut",
    form: Form::Jdbc,
    pooled: POOLED,
    direct: DIRECT,
    file: "Database.java",
    code: r#"
HikariConfig config = new HikariConfig();
config.setJdbcUrl(System.getenv("$KEY"));
config.setMaximumPoolSize($LIMIT); ← The most connections one instance of the app opens; without it, ten.
HikariDataSource pool = new HikariDataSource(config);
"#,
    migrate: (
        r#"FLYWAY_URL="$$DIRECT" flyway migrate"#,
        "Liquibase the same with LIQUIBASE_COMMAND_URL. Both lock with the session.",
    ),
};

pub const SPRING: About = About {
    title: "Spring Boot",
    family: "Java",
    also: "jdbc hikari hibernate jpa kotlin flyway",
    form: Form::Jdbc,
    pooled: POOLED,
    direct: DIRECT,
    file: "application.properties",
    code: r"
spring.datasource.url=${$KEY}
spring.datasource.hikari.maximum-pool-size=$LIMIT ← The most connections one instance of the app opens; without it, ten.
spring.flyway.url=${$DIRECT} ← Flyway migrates when the app starts, straight to the database.
",
    migrate: (
        r#"FLYWAY_URL="$$DIRECT" flyway migrate"#,
        "Where the app migrates as it starts, spring.flyway.url is enough.",
    ),
};
