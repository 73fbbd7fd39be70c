//! `server`

use super::{first_line, operator};
use crate::answer::table;
use crate::cli_server::{AddressArguments, ServerAdd, ServerSet};
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::io::BufRead;
use vigie_auth::SecretText;
use vigie_composition::{App, NewServer, ServerAddress, ServerRecord};

/// Adds a server.
pub(super) async fn add(app: &App, add: ServerAdd, input: impl BufRead) -> Result<Answer, CommandError> {
    let address = address(&add.address, input)?.ok_or(CommandError::NoAddress)?;
    let new = NewServer {
        name: add.name,
        address,
        weight: add.weight,
        max_databases: add.max_databases,
        connection_budget: add.connections,
        state: add.state,
    };
    let added = app.servers.add(&operator(app), new, !add.no_check).await?;
    Ok(Answer::new(listed(std::slice::from_ref(&added)), view(&added)))
}

/// Every server.
pub(super) async fn list(app: &App) -> Result<Answer, CommandError> {
    let servers = app.servers.list().await?;
    Ok(Answer::new(listed(&servers), json!({ "servers": servers.iter().map(view).collect::<Vec<_>>() })))
}

/// Changes a server.
pub(super) async fn set(app: &App, set: ServerSet, input: impl BufRead) -> Result<Answer, CommandError> {
    let change = set.change(address(&set.address, input)?);
    let changed = app.servers.set(&operator(app), &set.name, change, !set.no_check).await?;
    Ok(Answer::new(listed(std::slice::from_ref(&changed)), view(&changed)))
}

fn address(given: &AddressArguments, input: impl BufRead) -> Result<Option<ServerAddress>, CommandError> {
    Ok(match (&given.dsn_env, &given.dsn_file) {
        (Some(variable), _) => Some(ServerAddress::Variable(variable.clone())),
        (None, Some(file)) => Some(ServerAddress::File(file.clone())),
        (None, None) if given.dsn_stdin => {
            Some(ServerAddress::Sealed(SecretText::new(first_line(input)?.trim())))
        }
        (None, None) => None,
    })
}

fn listed(servers: &[ServerRecord]) -> String {
    let rows: Vec<[String; 9]> = servers
        .iter()
        .map(|server| {
            [
                server.name.clone(),
                server.engine.clone(),
                server.location.clone().unwrap_or_else(|| "unknown here".to_owned()),
                server.address.clone(),
                server.state.name().to_owned(),
                server.weight.to_string(),
                server.databases.to_string(),
                server.max_databases.map_or_else(|| "none".to_owned(), |max| max.to_string()),
                server.connection_budget.map_or_else(|| "default".to_owned(), |most| most.to_string()),
            ]
        })
        .collect();
    let headers =
        ["NAME", "ENGINE", "WHERE", "ADDRESS", "STATE", "WEIGHT", "DATABASES", "MAX", "CONNECTIONS"];
    table(headers, &rows, "There is no server.")
}

fn view(server: &ServerRecord) -> Value {
    json!({
        "id": server.id.to_string(),
        "name": server.name,
        "engine": server.engine,
        "location": server.location,
        "address": server.address,
        "state": server.state.name(),
        "weight": server.weight,
        "databases": server.databases,
        "max_databases": server.max_databases,
        "connections": server.connection_budget,
    })
}
