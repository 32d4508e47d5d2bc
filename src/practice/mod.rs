//! An account to practise on: DigitalOcean's API on loopback over a real PostgreSQL and PgBouncer.
