//! Several processes that share a memory of sessions.

use super::*;
use async_trait::async_trait;
use std::sync::Mutex;
use vigie_kernel::{Invalidation, Invalidations, Recalled, Ticket};

const EMAIL: &str = "jean@example.org";

/// What one process has found out, as another one gets it half a second later.
#[derive(Default)]
struct Shared {
    known: Mutex<Option<LiveSession>>,
    tickets: Mutex<Vec<String>>,
}

#[async_trait]
impl SessionCache for Shared {
    async fn recall(&self, name: &SessionName) -> Recalled<LiveSession> {
        match self.known.lock().unwrap().clone().filter(|known| name.is_of(known)) {
            Some(value) => Recalled::Known { value, good_for: TimeDelta::milliseconds(500) },
            None => Recalled::Unknown(Ticket::new("seen".to_owned())),
        }
    }

    async fn remember(&self, session: &LiveSession, ticket: Ticket, good_for: TimeDelta) {
        assert_eq!(good_for, TimeDelta::seconds(1));
        self.tickets.lock().unwrap().push(ticket.state().unwrap().to_owned());
        *self.known.lock().unwrap() = Some(session.clone());
    }
}

#[derive(Default)]
struct News(Mutex<Vec<Invalidation>>);

impl Invalidations for News {
    fn announce(&self, what: Invalidation) {
        self.0.lock().unwrap().push(what);
    }
}

/// A process beside that of the world, on the same store.
fn another_process(world: &World, shared: &Arc<Shared>, news: &Arc<News>) -> Auth {
    let ports = fake_ports(&world.store, world.clock.clone(), Arc::new(CountedIds::default()));
    Auth::new(ports, AuthPolicy::default()).sharing(shared.clone(), news.clone())
}

#[tokio::test]
async fn what_one_process_found_out_the_other_believes_for_the_rest_of_a_second() {
    let world = World::new();
    let jean = world.sign_up("Paris", EMAIL).await;
    let (shared, news) = (Arc::new(Shared::default()), Arc::new(News::default()));
    let (one, other) = (another_process(&world, &shared, &news), another_process(&world, &shared, &news));
    let token = jean.access_token.expose();
    one.authenticate(token, None, "req").await.unwrap();
    assert_eq!(*shared.tickets.lock().unwrap(), ["seen"]);

    world.store.set_status(organization_of(&jean), OrganizationStatus::Suspended).await;
    other.authenticate(token, None, "req").await.unwrap();
    world.clock.advance(TimeDelta::milliseconds(499));
    other.authenticate(token, None, "req").await.unwrap();
    shared.known.lock().unwrap().take();
    world.clock.advance(TimeDelta::milliseconds(1));
    let answer = other.authenticate(token, None, "req").await;
    assert!(
        matches!(answer, Err(AuthError::Organization(OrganizationRefusal::Suspended { .. }))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_process_that_is_told_forgets_at_once() {
    let world = World::new();
    let jean = world.sign_up("Paris", EMAIL).await;
    let (shared, news) = (Arc::new(Shared::default()), Arc::new(News::default()));
    let process = another_process(&world, &shared, &news);
    let token = jean.access_token.expose();
    let paris = organization_of(&jean);
    process.authenticate(token, None, "req").await.unwrap();

    world.store.set_status(paris, OrganizationStatus::Suspended).await;
    shared.known.lock().unwrap().take();
    process.forget(Invalidation::Organization(paris));
    let answer = process.authenticate(token, None, "req").await;
    assert!(
        matches!(answer, Err(AuthError::Organization(OrganizationRefusal::Suspended { .. }))),
        "{answer:?}"
    );
    assert!(news.0.lock().unwrap().is_empty(), "who is told does not tell it again");
}

#[tokio::test]
async fn the_others_are_told_of_a_logout() {
    let world = World::new();
    let jean = world.sign_up("Paris", EMAIL).await;
    let (shared, news) = (Arc::new(Shared::default()), Arc::new(News::default()));
    let process = another_process(&world, &shared, &news);
    let caller = process.authenticate(jean.access_token.expose(), None, "req").await.unwrap();
    process.logout(&caller).await.unwrap();
    let again = world.log_in(EMAIL).await.unwrap();
    let caller = process.authenticate(again.access_token.expose(), None, "req").await.unwrap();
    process.logout_all(&caller).await.unwrap();
    assert_eq!(*news.0.lock().unwrap(), [Invalidation::User(jean.user.id); 2]);
}
