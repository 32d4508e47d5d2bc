//! .NET: Npgsql and Entity Framework. No URL, a connection string.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{Rule, WHY_CA, WHY_LIMIT, WHY_VERIFIED, When, set},
};

const TLS: &[Rule] = &[
    set("SSL Mode", "Require", "The connection is encrypted; the certificate is not checked.")
        .when(When::Encrypted),
    set(
        "Trust Server Certificate",
        "true",
        "Npgsql before version 8 checks the certificate otherwise, and refuses DigitalOcean's own authority.",
    )
    .when(When::Encrypted),
    set("SSL Mode", "VerifyFull", WHY_VERIFIED).when(When::Verified),
    set("Root Certificate", "$CA", WHY_CA).when(When::Verified),
];

const POOLED: Side = Side {
    reads: &[Reader::DotNet],
    stray: Stray::Refused,
    tls: TLS,
    rules: &[
        set("Maximum Pool Size", "$LIMIT", WHY_LIMIT),
        set(
            "No Reset On Close",
            "true",
            "Npgsql otherwise resets a connection between two uses (DISCARD ALL), on whichever server connection the pool lends then.",
        ),
    ],
};

const DIRECT: Side = Side { rules: &[], ..POOLED };

pub const NPGSQL: About = About {
    title: "Npgsql",
    family: ".NET",
    also: "dotnet csharp c# dapper",
    form: Form::DotNet,
    pooled: POOLED,
    direct: DIRECT,
    file: "Program.cs",
    code: r#"
await using var source = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable("$KEY")!);
[unnamed]// No Prepare(), no Max Auto Prepare. ← Both prepare statements by name, which lasts for one transaction only behind this pool.
"#,
    migrate: (
        r#"$KEY="$$DIRECT" dotnet run --project Migrations"#,
        "Or the tool of the project, with the direct connection string in the variable that it reads.",
    ),
};

pub const EF_CORE: About = About {
    title: "Entity Framework Core",
    family: ".NET",
    also: "dotnet csharp c# ef npgsql orm asp.net",
    form: Form::DotNet,
    pooled: POOLED,
    direct: DIRECT,
    file: "Program.cs",
    code: r#"
builder.Services.AddDbContext<ShopContext>(options =>
    options.UseNpgsql(Environment.GetEnvironmentVariable("$KEY")));
"#,
    migrate: (
        r#"$KEY="$$DIRECT" dotnet ef database update"#,
        "The context reads $KEY; for this command it holds the direct connection string.",
    ),
};
