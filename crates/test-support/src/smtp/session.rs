//! One conversation with a client.

use super::wire::Wire;
use super::{Fault, Shared, SinkTls, Stage};
use crate::ReceivedMail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Error;
use tokio::net::TcpStream;

/// What the client has said so far.
#[derive(Default)]
struct Envelope {
    from: Option<String>,
    recipients: Vec<String>,
}

/// Talks until the client says goodbye or the connection ends.
pub(super) async fn converse(shared: &Shared, stream: TcpStream) -> Result<(), Error> {
    let mut wire = Wire::plain(stream);
    if shared.tls == SinkTls::Implicit {
        wire = wire.encrypt(&shared.acceptor).await?;
    }
    if trips(shared, &mut wire, Stage::Connect).await? {
        return Ok(());
    }
    wire.say("220 sink.localhost ESMTP").await?;
    let mut envelope = Envelope::default();
    let mut known = shared.login.is_none();
    loop {
        let line = wire.line().await?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" => wire.say(&greeting(shared, wire.is_encrypted())).await?,
            "STARTTLS" if shared.tls == SinkTls::StartTls && !wire.is_encrypted() => {
                wire.say("220 2.0.0 go ahead").await?;
                wire = wire.encrypt(&shared.acceptor).await?;
                envelope = Envelope::default();
            }
            "AUTH" => {
                if !trips(shared, &mut wire, Stage::Auth).await? {
                    known = log_in(shared, &mut wire, &line).await?;
                }
            }
            "NOOP" => wire.say("250 2.0.0 ok").await?,
            "RSET" => {
                envelope = Envelope::default();
                wire.say("250 2.0.0 ok").await?;
            }
            "QUIT" => return wire.say("221 2.0.0 bye").await,
            "MAIL" if shared.tls == SinkTls::StartTls && !wire.is_encrypted() => {
                wire.say("530 5.7.0 STARTTLS first").await?;
            }
            "MAIL" if !known => wire.say("530 5.7.0 log in first").await?,
            "MAIL" => {
                if !trips(shared, &mut wire, Stage::Sender).await? {
                    envelope = Envelope { from: Some(address(&line)), recipients: Vec::new() };
                    wire.say("250 2.1.0 ok").await?;
                }
            }
            "RCPT" if envelope.from.is_some() => {
                if !trips(shared, &mut wire, Stage::Recipient).await? {
                    envelope.recipients.push(address(&line));
                    wire.say("250 2.1.5 ok").await?;
                }
            }
            "DATA" if !envelope.recipients.is_empty() => {
                if !trips(shared, &mut wire, Stage::Data).await? {
                    wire.say("354 end with a dot").await?;
                    receive(shared, &mut wire, std::mem::take(&mut envelope)).await?;
                }
            }
            "RCPT" | "DATA" => wire.say("503 5.5.1 not now").await?,
            _ => wire.say("500 5.5.2 what?").await?,
        }
    }
}

fn greeting(shared: &Shared, encrypted: bool) -> String {
    let mut lines = vec!["sink.localhost", "8BITMIME", "ENHANCEDSTATUSCODES"];
    let may_log_in = shared.tls != SinkTls::StartTls || encrypted;
    if shared.tls == SinkTls::StartTls && !encrypted {
        lines.push("STARTTLS");
    }
    if shared.login.is_some() && may_log_in {
        lines.push("AUTH PLAIN LOGIN");
    }
    let last = lines.pop().unwrap();
    let first: Vec<String> = lines.iter().map(|line| format!("250-{line}")).collect();
    format!("{}\n250 {last}", first.join("\n"))
}

/// `AUTH PLAIN` with or without an initial response, and `AUTH LOGIN`.
async fn log_in(shared: &Shared, wire: &mut Wire, line: &str) -> Result<bool, Error> {
    let mut words = line.split_whitespace().skip(1);
    let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
    let given = match (mechanism.as_str(), words.next()) {
        ("PLAIN", Some(initial)) => plain(&decoded(initial)),
        ("PLAIN", None) => plain(&asked(wire, "").await?),
        ("LOGIN", _) => {
            let user = asked(wire, "VXNlcm5hbWU6").await?;
            Some((user, asked(wire, "UGFzc3dvcmQ6").await?))
        }
        (_, _) => None,
    };
    let right = given.is_some() && given == shared.login;
    wire.say(if right { "235 2.7.0 welcome" } else { "535 5.7.8 wrong user or password" }).await?;
    Ok(right)
}

async fn asked(wire: &mut Wire, what: &str) -> Result<String, Error> {
    wire.say(&format!("334 {what}")).await?;
    let line = wire.line().await?;
    Ok(decoded(&String::from_utf8_lossy(&line)))
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(text).unwrap_or_default()).into_owned()
}

fn plain(text: &str) -> Option<(String, String)> {
    let mut parts = text.split('\0').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

/// Reads the content up to the dot, takes the dots away that were added, and keeps the mail.
async fn receive(shared: &Shared, wire: &mut Wire, envelope: Envelope) -> Result<(), Error> {
    let mut raw = Vec::new();
    loop {
        let line = wire.line().await?;
        if raw.is_empty() && trips(shared, wire, Stage::Content).await? {
            return Ok(());
        }
        if line == b"." {
            break;
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        raw.extend_from_slice(b"\r\n");
    }
    if trips(shared, wire, Stage::End).await? {
        return Ok(());
    }
    let from = envelope.from.unwrap_or_default();
    shared.keep(ReceivedMail { from, recipients: envelope.recipients, encrypted: wire.is_encrypted(), raw });
    if trips(shared, wire, Stage::Kept).await? {
        return Ok(());
    }
    wire.say("250 2.0.0 kept").await
}

/// Whether something goes wrong here. After an answer the conversation goes on; otherwise it ends with an error.
async fn trips(shared: &Shared, wire: &mut Wire, stage: Stage) -> Result<bool, Error> {
    match shared.fault_at(stage) {
        None => Ok(false),
        Some(Fault::Answer(_, line)) => wire.say(line).await.map(|()| true),
        Some(Fault::Hang(_)) => std::future::pending().await,
        Some(Fault::Reset(_)) => {
            wire.reset()?;
            Err(Error::other("reset, as was asked for"))
        }
        Some(Fault::Close(_)) => Err(Error::other("closed, as was asked for")),
    }
}

/// What stands between the angle brackets.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}
