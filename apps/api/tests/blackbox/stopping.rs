//! Stopping as a service manager asks for it.

use crate::member::column;
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server};
use futures_util::future::join_all;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_engines!(a_server_that_is_asked_to_stop_finishes_what_runs_and_takes_nothing_new);

/// A request of which half has arrived.
struct Running {
    connection: TcpStream,
    rest: String,
}

impl Running {
    async fn begin(server: &Server, token: &str, title: &str) -> Self {
        let body = format!(r#"{{"title":"{title}"}}"#);
        let (early, rest) = body.split_at(5);
        let head = format!(
            "POST /api/v1/dashboards HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut connection = TcpStream::connect(server.address()).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(early.as_bytes()).await.unwrap();
        Self { connection, rest: rest.to_owned() }
    }

    /// Sends the other half: the whole answer.
    async fn finish(mut self) -> String {
        self.connection.write_all(self.rest.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        self.connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

async fn a_server_that_is_asked_to_stop_finishes_what_runs_and_takes_nothing_new(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("rouen").await;
    // Connections go to the server's threads in turn: every other one has nothing to finish and ends before the others.
    let titles = ["Un", "Deux", "Trois", "Quatre", "Cinq", "Six"];
    let mut running = Vec::new();
    for title in titles {
        running.push(Running::begin(&server, &claire.access_token, title).await);
        let others = (0..3).map(|_| server.anonymous().with_token(&claire.access_token));
        // An answered request shows that the server has had time to see the one before.
        join_all(others.map(async |other| other.get("/dashboards").await.expect(200))).await;
    }

    server.ask_to_stop();
    let (outside, begun) = (server.outside(), Instant::now());
    while outside.try_get("/health/ready").await.is_some_and(|answer| answer.status() == 200) {
        assert!(begun.elapsed() < PATIENCE, "still ready after it was asked to stop");
        tokio::time::sleep(GLANCE).await;
    }
    for answer in join_all(running.into_iter().map(Running::finish)).await {
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");

    let server = Server::start(&place).await;
    let claire = claire.at(&server);
    let mut kept = column(&claire.all("/dashboards").await, "title");
    kept.sort_by_key(|title| titles.iter().position(|known| title == known));
    assert_eq!(kept, titles);
    server.stop().await;
}
