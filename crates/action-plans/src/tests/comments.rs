use super::{ANA, field_codes, kpi_id, now, user};
use crate::{ActionPlanError, Comment, CommentTarget};
use chrono::TimeDelta;
use uuid::Uuid;
use vigie_kernel::CommentId;

fn write(content: &str) -> Result<Comment, ActionPlanError> {
    let id = CommentId::from(Uuid::from_u128(1));
    Ok(Comment::write(id, CommentTarget::Kpi(kpi_id(1)), user(ANA), content, now())?)
}

#[test]
fn a_comment_has_a_text_of_at_most_5000_characters() {
    assert_eq!(write("  Pompe à vérifier\n").unwrap().snapshot().content, "Pompe à vérifier");
    assert!(write(&"é".repeat(5000)).is_ok());
    assert_eq!(field_codes(write(&"é".repeat(5001))), [("content".to_owned(), "too_long")]);
    assert_eq!(field_codes(write(" \n ")), [("content".to_owned(), "required")]);
}

#[test]
fn a_change_is_dated_and_counted_once() {
    let mut comment = write("first").unwrap();
    let later = now() + TimeDelta::minutes(5);
    assert!(comment.rewrite("second", later).unwrap());
    assert!(!comment.rewrite(" second ", later + TimeDelta::minutes(5)).unwrap());
    let snapshot = comment.snapshot();
    assert_eq!((snapshot.version, snapshot.updated_at, snapshot.created_at), (2, Some(later), now()));
}
