//! Stopping as a service manager asks for it.

use crate::member::column;
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_engines!(a_server_that_is_asked_to_stop_finishes_what_runs_and_takes_nothing_new);

async fn a_server_that_is_asked_to_stop_finishes_what_runs_and_takes_nothing_new(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("rouen").await;

    // A request of which half has arrived runs.
    let body = r#"{"title":"Fini à temps"}"#;
    let (early, late) = body.split_at(10);
    let head = format!(
        "POST /api/v1/dashboards HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        claire.access_token,
        body.len()
    );
    let mut running = TcpStream::connect(server.address()).await.unwrap();
    running.write_all(head.as_bytes()).await.unwrap();
    running.write_all(early.as_bytes()).await.unwrap();
    // An answered request shows that the server has had time to see the other one.
    claire.get("/dashboards").await.expect(200);

    server.ask_to_stop();
    let (outside, begun) = (server.outside(), Instant::now());
    while outside.try_get("/health/ready").await.is_some_and(|answer| answer.status() == 200) {
        assert!(begun.elapsed() < PATIENCE, "still ready after it was asked to stop");
        tokio::time::sleep(GLANCE).await;
    }
    running.write_all(late.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    running.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");

    let server = Server::start(&place).await;
    let claire = claire.at(&server);
    assert_eq!(column(&claire.all("/dashboards").await, "title"), ["Fini à temps"]);
    server.stop().await;
}
