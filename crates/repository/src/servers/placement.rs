//! Which server a new organization's database goes to.

use super::TenantServers;
use super::rows::{self, ServerRow};
use crate::control::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, ServerId, StoreError};
use vigie_tenancy::{NO_SERVER, PlacedOn, PlacementPort};

#[derive(FromQueryResult)]
struct Place {
    server_id: Option<Uuid>,
}

#[async_trait]
impl PlacementPort for TenantServers {
    async fn place(&self, organization: OrganizationId) -> Result<PlacedOn, StoreError> {
        let txn = transaction::begin(&self.control).await?;
        let lock = for_update(&txn);
        // The organization first, the servers then: everybody locks in this order.
        let place = place_of(&txn, organization, lock).await?;
        if let Some(id) = place.server_id.map(ServerId::from) {
            let placed = rows::by_id(&txn, id).await?;
            txn.commit().await.map_err(store_error)?;
            return placed
                .map(|row| placed_on(&row))
                .ok_or_else(|| StoreError::broken("an organization is on a server that is not there"));
        }
        // Locked, so that many placements at once spread by weight, and none is counted twice.
        let servers = rows::all_locked(&txn, lock).await?;
        let chosen = choose(&servers).ok_or(StoreError::TenantUnavailable(NO_SERVER))?;
        let counted = Sql::new(
            &txn,
            "UPDATE db_servers SET databases = databases + 1 WHERE id = $1 AND state = 'accept' \
             AND (max_databases IS NULL OR databases < max_databases)",
        )
        .bind(chosen.id)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        if counted == 0 {
            return Err(StoreError::Stale);
        }
        let written =
            Sql::new(&txn, "UPDATE organizations SET server_id = $2 WHERE id = $1 AND server_id IS NULL")
                .bind(organization.as_uuid())
                .bind(chosen.id)
                .execute(&txn)
                .await
                .map_err(store_error)?;
        if written == 0 {
            return Err(StoreError::Stale);
        }
        txn.commit().await.map_err(store_error)?;
        tracing::debug!(organization.id = %organization, server = chosen.name, "placed an organization");
        Ok(placed_on(chosen))
    }

    async fn release(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let txn = transaction::begin(&self.control).await?;
        let place = place_of(&txn, organization, for_update(&txn)).await?;
        if let Some(server) = place.server_id {
            Sql::new(&txn, "UPDATE organizations SET server_id = NULL WHERE id = $1")
                .bind(organization.as_uuid())
                .execute(&txn)
                .await
                .map_err(store_error)?;
            release_in(&txn, server).await?;
        }
        txn.commit().await.map_err(store_error)
    }
}

/// The server of an organization, whose row stays locked until the transaction ends; `None` when it has none.
pub(crate) async fn place_locked<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<Option<Uuid>, StoreError> {
    Ok(place_of(connection, organization, for_update(connection)).await?.server_id)
}

async fn place_of<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    lock: &str,
) -> Result<Place, StoreError> {
    let place: Option<Place> =
        Sql::new(connection, format!("SELECT server_id FROM organizations WHERE id = $1{lock}"))
            .bind(organization.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    place.ok_or_else(|| StoreError::broken("an organization without a row cannot be placed"))
}

/// Gives one place of a server back, in the transaction that takes it from an organization.
pub(crate) async fn release_in<C: ConnectionTrait>(connection: &C, server: Uuid) -> Result<(), StoreError> {
    Sql::new(connection, "UPDATE db_servers SET databases = databases - 1 WHERE id = $1 AND databases > 0")
        .bind(server)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(store_error)
}

fn placed_on(row: &ServerRow) -> PlacedOn {
    PlacedOn { id: row.id.into(), name: row.name.clone() }
}

/// The server that has the fewest databases for its weight, with the new one counted; of equal ones the first by name.
pub(super) fn choose(servers: &[ServerRow]) -> Option<&ServerRow> {
    let load = |row: &ServerRow| {
        let databases = u64::try_from(row.databases).unwrap_or(0) + 1;
        let weight = u64::try_from(row.weight).unwrap_or(1).max(1);
        databases * 1_000_000 / weight
    };
    servers.iter().filter(|row| row.accepts()).min_by_key(|row| load(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn server(name: &str, weight: i32, databases: i32) -> ServerRow {
        ServerRow {
            id: Uuid::nil(),
            name: name.to_owned(),
            engine: "postgres".to_owned(),
            address_kind: "config".to_owned(),
            address: None,
            weight,
            max_databases: None,
            connection_budget: None,
            state: "accept".to_owned(),
            databases,
            version: 1,
        }
    }

    fn spread(mut servers: Vec<ServerRow>, organizations: u32) -> Vec<i32> {
        for _ in 0..organizations {
            let Some(name) = choose(&servers).map(|row| row.name.clone()) else { break };
            servers.iter_mut().filter(|row| row.name == name).for_each(|row| row.databases += 1);
        }
        servers.iter().map(|row| row.databases).collect()
    }

    #[test]
    fn organizations_spread_by_weight() {
        let servers = vec![server("a", 100, 0), server("b", 300, 0), server("c", 100, 0)];
        assert_eq!(spread(servers, 500), [100, 300, 100]);
    }

    #[test]
    fn a_new_server_catches_up() {
        assert_eq!(spread(vec![server("old", 100, 50), server("new", 100, 0)], 50), [50, 50]);
    }

    #[test]
    fn draining_and_full_servers_get_nothing() {
        let draining = ServerRow { state: "drain".to_owned(), ..server("a", 1000, 0) };
        let down = ServerRow { state: "down".to_owned(), ..server("b", 1000, 0) };
        let small = ServerRow { max_databases: Some(3), ..server("c", 1000, 0) };
        assert_eq!(spread(vec![draining, down, small], 10), [0, 0, 3]);
    }

    proptest! {
        #[test]
        fn no_server_is_further_from_its_share_than_one_database(
            weights in prop::collection::vec(1..=100_i32, 1..6),
            organizations in 1..500_u32,
        ) {
            let all: i32 = weights.iter().sum();
            let servers =
                weights.iter().enumerate().map(|(index, weight)| server(&index.to_string(), *weight, 0)).collect();
            for (got, weight) in spread(servers, organizations).into_iter().zip(weights) {
                let share = f64::from(organizations) * f64::from(weight) / f64::from(all);
                // D'Hondt's method never gives less than the share rounded down.
                prop_assert!(f64::from(got) >= share.floor() - 1.0, "{} of {}", got, share);
            }
        }
    }
}
