//! What the demo's command prints: what is there, how to log in, what to try.

use super::{EMAIL, NAME, PASSWORD, SLUG};
use crate::Answer;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use vigie_kernel::OrganizationId;

/// What the command found or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was not there, and is now.
    Created,
    /// It was there in part; the rest has been added.
    Finished,
    /// It was there.
    There,
}

/// The demo in figures, as its overview tells them.
pub(super) struct Figures {
    pub(super) organization: OrganizationId,
    pub(super) processes: usize,
    pub(super) dashboards: usize,
    pub(super) kpis: u32,
    pub(super) green: u32,
    pub(super) orange: u32,
    pub(super) red: u32,
    pub(super) no_data: u32,
    pub(super) stale: u32,
    pub(super) open_actions: u32,
    pub(super) late_actions: u32,
    pub(super) red_without_action: u32,
}

/// The answer; without `figures` the organization has the demo's slug, but its owner does not log in with the demo's password.
pub(super) fn answer(standing: Standing, figures: Option<&Figures>, bind: SocketAddr) -> Answer {
    let done = match standing {
        Standing::Created => "has been created",
        Standing::Finished => "was there in part and is complete now",
        Standing::There => "is already there; nothing was changed",
    };
    let head = format!("The organization \"{NAME}\" ({SLUG}) {done}.\n");
    let created = standing == Standing::Created;
    let Some(figures) = figures else {
        let text = format!("{head}{EMAIL} does not log in to it with the password of the demo.\n");
        return Answer::new(
            text,
            json!({ "created": created, "organization": { "slug": SLUG }, "login": null, "figures": null, "commands": [] }),
        );
    };
    let commands = commands(bind);
    let counts = format!(
        "{} processes, {} dashboards, {} KPIs: {} green, {} orange, {} red ({} of them without an action), {} without data.",
        figures.processes,
        figures.dashboards,
        figures.kpis,
        figures.green,
        figures.orange,
        figures.red,
        figures.red_without_action,
        figures.no_data
    );
    let login = format!("  login     {EMAIL}\n  password  {PASSWORD}");
    let text = format!("{head}{counts}\n\n{login}\n\nOnce vigie-api runs, try:\n\n{}", commands.join("\n"));
    let json = json!({
        "created": created,
        "organization": { "id": figures.organization, "slug": SLUG, "name": NAME },
        "login": { "email": EMAIL, "password": PASSWORD },
        "figures": view(figures),
        "commands": commands,
    });
    Answer::new(text, json)
}

fn view(figures: &Figures) -> Value {
    json!({
        "processes": figures.processes,
        "dashboards": figures.dashboards,
        "kpis": figures.kpis,
        "green": figures.green,
        "orange": figures.orange,
        "red": figures.red,
        "no_data": figures.no_data,
        "stale": figures.stale,
        "open_actions": figures.open_actions,
        "late_actions": figures.late_actions,
        "red_without_action": figures.red_without_action,
    })
}

/// Three lines for a shell of this machine, each on its own: the first one keeps the token for the others.
fn commands(bind: SocketAddr) -> [String; 3] {
    let base = format!("http://{}/api/v1", reachable(bind));
    [
        format!(
            "TOKEN=$(curl -s {base}/auth/login -H 'Content-Type: application/json' \
             -d '{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}\"}}' \
             | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        ),
        format!("curl -s {base}/reporting/overview -H \"Authorization: Bearer $TOKEN\""),
        format!("curl -s '{base}/reporting/top-risks?limit=5' -H \"Authorization: Bearer $TOKEN\""),
    ]
}

/// Where a client on this machine finds a server that listens there.
fn reachable(bind: SocketAddr) -> SocketAddr {
    if !bind.ip().is_unspecified() {
        return bind;
    }
    let ip = match bind {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, bind.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_name_an_address_that_answers() {
        let overview = |bind: &str| commands(bind.parse().unwrap())[1].clone();
        assert!(overview("0.0.0.0:9000").contains(" http://127.0.0.1:9000/api/v1/reporting/overview "));
        assert!(overview("[::]:8080").contains(" http://[::1]:8080/api/v1/"));
        assert!(overview("192.0.2.7:80").contains(" http://192.0.2.7:80/api/v1/"));
    }

    #[test]
    fn the_login_can_be_pasted() {
        let line = &commands("127.0.0.1:8080".parse().unwrap())[0];
        assert_eq!(
            line,
            "TOKEN=$(curl -s http://127.0.0.1:8080/api/v1/auth/login -H 'Content-Type: application/json' \
             -d '{\"email\":\"demo@example.org\",\"password\":\"Tableau-Cuivre-2026\"}' \
             | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        );
    }
}
