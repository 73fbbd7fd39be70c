//! A server in the test's own process.

use crate::{Client, PASSWORD, Person, TestApp, unique};
use std::future::Future;
use std::net::TcpListener;
use std::pin::Pin;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vigie_auth::{AddMember, CreatePlatformAdmin, SecretText};
use vigie_composition::App;
use vigie_kernel::{OperatorContext, Role};

/// The end that a server waits for.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An application that answers on a free port until it is dropped.
pub struct TestServer {
    /// The application behind it.
    pub test: TestApp,
    /// A client without a token.
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// Serves an application with the given function, which is the one under test.
    pub fn start<S>(test: TestApp, serve: impl FnOnce(&App, TcpListener, Stop) -> S) -> Self
    where
        S: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let client = Client::new(format!("http://{}", listener.local_addr().unwrap()));
        let (stop, stopped) = oneshot::channel();
        let stopped: Stop = Box::pin(async move {
            // A dropped sender stops it as well.
            let _stopped = stopped.await;
        });
        let served = tokio::spawn(serve(&test.app, listener, stopped));
        Self { test, client, stop: Some(stop), served }
    }

    /// Signs up an organization of that name; its owner.
    pub async fn sign_up(&self, organization: &str) -> Person {
        Person::sign_up(&self.client, organization).await
    }

    /// Makes a platform administrator and logs him in.
    pub async fn platform_admin(&self) -> Person {
        let email = format!("platform{}@example.org", unique());
        let command = CreatePlatformAdmin {
            email: email.clone(),
            full_name: "Sacha Roux".to_owned(),
            password: SecretText::new(PASSWORD),
        };
        let operator = OperatorContext::new(None, "test-support".to_owned());
        self.test.app.auth.create_platform_admin(&operator, command).await.unwrap();
        Person::login(&self.client, &email).await
    }

    /// Adds a member to somebody's organization and logs him in.
    pub async fn member(&self, of: &Person, role: Role) -> Person {
        let email = format!("member{}@example.org", unique());
        let command = AddMember {
            organization_slug: of.slug().to_owned(),
            email: email.clone(),
            full_name: "Dominique Petit".to_owned(),
            role,
            password: SecretText::new(PASSWORD),
        };
        let operator = OperatorContext::new(None, "test-support".to_owned());
        self.test.app.auth.add_member(&operator, command).await.unwrap();
        Person::login(&self.client, &email).await
    }

    /// Stops it and waits until it has.
    pub async fn stop(mut self) {
        self.stop.take();
        (&mut self.served).await.unwrap().unwrap();
    }
}
