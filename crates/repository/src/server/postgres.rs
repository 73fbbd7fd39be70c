//! A PostgreSQL server.

use super::{Listed, Owner, builder, template_name};
use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::mark::{Mark, ReadMark};
use crate::sql::Sql;
use crate::transaction;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, FromQueryResult, RuntimeErr};
use std::time::Duration;
use url::Url;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::ConnectionSettings;

/// What PostgreSQL says when it cannot clone a database that is in use.
const OBJECT_IN_USE: &str = "55006";
/// What PostgreSQL says when a database of that name is there.
const DUPLICATE_DATABASE: &str = "42P04";
/// How often a clone is tried while somebody still uses the template.
const CLONE_ATTEMPTS: u32 = 8;
/// Longest identifier, in bytes.
const LONGEST: usize = 63;

pub(super) fn with_database(admin: &Url, name: &str) -> Url {
    let mut url = admin.clone();
    url.set_path(name);
    url
}

/// An identifier in quotes. Names are made by us from slugs, yet a quote inside would end the identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) async fn open(admin: &Url, name: &str) -> Result<DatabaseConnection, DbErr> {
    connect::postgres(with_database(admin, name).as_str(), PoolSize::TENANT).await
}

pub(super) async fn open_briefly(admin: &Url, name: &str) -> Result<DatabaseConnection, DbErr> {
    connect::postgres(with_database(admin, name).as_str(), PoolSize::BRIEF).await
}

/// The connection of one administrative action.
async fn administrator(admin: &Url) -> Result<DatabaseConnection, StoreError> {
    connect::postgres(admin.as_str(), PoolSize::SINGLE).await.map_err(store_error)
}

/// Ends the connection of an administrative action, so that none is left for the server to find dead.
async fn done<T>(admin: DatabaseConnection, outcome: Result<T, DbErr>) -> Result<T, StoreError> {
    let closed = admin.close().await;
    let outcome = outcome.map_err(store_error)?;
    closed.map_err(store_error)?;
    Ok(outcome)
}

#[derive(FromQueryResult)]
struct Found {
    name: String,
    mark: Option<String>,
}

/// What is there under that name, and whose it says it is.
async fn owner(admin: &DatabaseConnection, name: &str) -> Result<Owner, DbErr> {
    let found: Option<Found> = Sql::new(
        admin,
        "SELECT CAST(datname AS text) AS name, shobj_description(oid, 'pg_database') AS mark FROM pg_database \
         WHERE datname = $1",
    )
    .bind(name)
    .one(admin)
    .await?;
    Ok(found.map_or(Owner::Absent, |found| Owner::of(found.mark.as_deref())))
}

/// Makes the database, unless the organization has it; `false` when the name is in use. The template must be there.
pub(super) async fn create(admin: &Url, name: &str, mark: Mark) -> Result<bool, StoreError> {
    let admin = administrator(admin).await?;
    let created = create_on(&admin, name, mark).await;
    done(admin, created).await
}

async fn create_on(admin: &DatabaseConnection, name: &str, mark: Mark) -> Result<bool, DbErr> {
    match owner(admin, name).await? {
        Owner::Absent => {}
        Owner::Organization(owner) => return Ok(owner == mark.organization),
        Owner::Unknown => return Ok(false),
    }
    let draft = draft_name(name, mark.organization);
    clone_template(admin, &draft).await?;
    // In one transaction: what bears the database's name bears the mark.
    let name_it = format!(
        "COMMENT ON DATABASE {draft} IS '{}'; ALTER DATABASE {draft} RENAME TO {}",
        mark.text(),
        quoted(name),
        draft = quoted(&draft)
    );
    match admin.execute_unprepared(&name_it).await {
        Ok(_) => Ok(true),
        Err(error) if has_code(&error, DUPLICATE_DATABASE) => {
            drop_named(admin, &draft).await?;
            Ok(matches!(owner(admin, name).await?, Owner::Organization(owner) if owner == mark.organization))
        }
        Err(error) => Err(error),
    }
}

/// The name under which a database is made before it gets its own: the beginning of that, and whose it will be.
fn draft_name(name: &str, organization: OrganizationId) -> String {
    let id = organization.as_uuid().simple().to_string();
    let begin: String = name.chars().take(LONGEST - 1 - id.len()).collect();
    format!("{begin}_{id}")
}

/// Whose draft has that name, if it is one.
fn draft_owner(name: &str) -> Option<OrganizationId> {
    let (_, id) = name.rsplit_once('_')?;
    let id = Uuid::try_parse(id).ok().filter(|_| id.len() == 32)?;
    Some(id.into())
}

async fn clone_template(admin: &DatabaseConnection, draft: &str) -> Result<(), DbErr> {
    let clone =
        format!("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG", quoted(draft), quoted(&template_name()));
    let mut wait = Duration::from_millis(20);
    let mut attempt = 1;
    loop {
        match admin.execute_unprepared(&clone).await {
            Ok(_) => return Ok(()),
            // What an interrupted attempt left: how far it came is not known.
            Err(error) if has_code(&error, DUPLICATE_DATABASE) && attempt < CLONE_ATTEMPTS => {
                drop_named(admin, draft).await?;
            }
            Err(error) if has_code(&error, OBJECT_IN_USE) && attempt < CLONE_ATTEMPTS => {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Drops the database if it bears the organization's mark, and its draft.
pub(super) async fn drop_own(
    admin: &Url,
    name: &str,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    let admin = administrator(admin).await?;
    let dropped = async {
        if matches!(owner(&admin, name).await?, Owner::Organization(owner) if owner == organization) {
            drop_named(&admin, name).await?;
        }
        drop_named(&admin, &draft_name(name, organization)).await
    };
    let dropped = dropped.await;
    done(admin, dropped).await
}

/// Drops a draft that still has no mark.
pub(super) async fn drop_draft(admin: &Url, name: &str) -> Result<(), StoreError> {
    let admin = administrator(admin).await?;
    let dropped = async {
        match owner(&admin, name).await? {
            Owner::Unknown if draft_owner(name).is_some() => drop_named(&admin, name).await,
            Owner::Unknown | Owner::Absent | Owner::Organization(_) => Ok(()),
        }
    };
    let dropped = dropped.await;
    done(admin, dropped).await
}

async fn drop_named(admin: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    admin.execute_unprepared(&drop).await.map(|_| ())
}

/// Sets limits on the database itself.
pub(super) async fn configure(
    admin: &Url,
    name: &str,
    settings: &ConnectionSettings,
) -> Result<(), StoreError> {
    let name = quoted(name);
    let connections = settings.connections.map_or(-1, i32::from);
    let limits = [
        ("statement_timeout", settings.statement),
        ("lock_timeout", settings.lock),
        ("idle_in_transaction_session_timeout", settings.idle_in_transaction),
    ];
    let mut statements = vec![format!("ALTER DATABASE {name} WITH CONNECTION LIMIT {connections}")];
    statements.extend(
        limits.iter().map(|(setting, limit)| {
            format!("ALTER DATABASE {name} SET {setting} = '{}ms'", limit.as_millis())
        }),
    );
    let admin = administrator(admin).await?;
    let set = admin.execute_unprepared(&statements.join("; ")).await;
    done(admin, set).await.map(|_| ())
}

pub(super) async fn list(admin: &Url, prefix: &str) -> Result<Vec<Listed>, StoreError> {
    let admin = administrator(admin).await?;
    let rows: Result<Vec<Found>, DbErr> = Sql::new(
        &admin,
        "SELECT CAST(datname AS text) AS name, shobj_description(oid, 'pg_database') AS mark FROM pg_database \
         WHERE starts_with(CAST(datname AS text), $1) ORDER BY datname",
    )
    .bind(prefix)
    .all(&admin)
    .await;
    let rows = done(admin, rows).await?;
    let listed = rows.into_iter().filter_map(|Found { name, mark }| {
        let read = mark.as_deref().map(ReadMark::parse);
        let (organization, mark) = match read {
            Some(mark) => mark.map(|mark| (mark.organization, Some(mark))),
            None => draft_owner(&name).map(|owner| (owner, None)),
        }?;
        Some(Listed { name, organization, mark })
    });
    Ok(listed.collect())
}

/// Builds the template under a name of its own and renames it when it is whole: of several processes that start at once on a new schema,
/// also ones that share nothing but the server, one wins and the others use what it built.
pub(super) async fn build_template(admin_url: &Url, waiting: OrganizationId) -> Result<(), StoreError> {
    let admin = administrator(admin_url).await?;
    let built = build_draft(&admin, admin_url, waiting).await;
    let closed = admin.close().await;
    built?;
    closed.map_err(store_error)
}

async fn build_draft(
    admin: &DatabaseConnection,
    admin_url: &Url,
    waiting: OrganizationId,
) -> Result<(), StoreError> {
    let name = template_name();
    if database_exists(admin, &name).await? {
        return Ok(());
    }
    let draft = format!("{name}_{}", builder(waiting));
    for statement in [
        format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&draft)),
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", quoted(&draft)),
    ] {
        admin.execute_unprepared(&statement).await.map_err(store_error)?;
    }
    let connection = connect::postgres(with_database(admin_url, &draft).as_str(), PoolSize::SINGLE)
        .await
        .map_err(store_error)?;
    transaction::migrate::<TenantMigrator>(&connection).await.map_err(store_error)?;
    connection.execute_unprepared("ANALYZE").await.map_err(store_error)?;
    connection.close().await.map_err(store_error)?;
    // Without connections nobody can be inside when it is cloned.
    let seal = format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", quoted(&draft));
    admin.execute_unprepared(&seal).await.map_err(store_error)?;
    let rename = format!("ALTER DATABASE {} RENAME TO {}", quoted(&draft), quoted(&name));
    match admin.execute_unprepared(&rename).await {
        Ok(_) => {
            let mark = format!("ALTER DATABASE {} WITH IS_TEMPLATE true", quoted(&name));
            admin.execute_unprepared(&mark).await.map(|_| ()).map_err(store_error)
        }
        Err(error) => {
            drop_named(admin, &draft).await.map_err(store_error)?;
            if database_exists(admin, &name).await? { Ok(()) } else { Err(store_error(error)) }
        }
    }
}

async fn database_exists(admin: &DatabaseConnection, name: &str) -> Result<bool, StoreError> {
    Sql::new(admin, "SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(name)
        .exists(admin)
        .await
        .map_err(store_error)
}

fn has_code(error: &DbErr, wanted: &str) -> bool {
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return false };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    error.as_database_error().and_then(|error| error.code().map(|code| code == wanted)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_tells_whose_it_will_be_in_63_bytes() {
        let organization = OrganizationId::from(Uuid::from_u128(7));
        for name in ["vigie_org_paris", &"x".repeat(63)] {
            let draft = draft_name(name, organization);
            assert!(draft.len() <= LONGEST && draft.starts_with(&name[..10]), "{draft}");
            assert_eq!(draft_owner(&draft), Some(organization));
            assert_eq!(draft_owner(name), None);
        }
    }
}
