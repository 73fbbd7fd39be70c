use crate::LocalFileSpaces;
use uuid::Uuid;
use vigie_kernel::OrganizationId;
use vigie_tenancy::FileSpaces;

#[tokio::test]
async fn a_space_is_made_tried_found_and_removed_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let spaces = LocalFileSpaces::try_new(folder.path()).unwrap();
    let (paris, lyon) = (OrganizationId::from(Uuid::from_u128(1)), OrganizationId::from(Uuid::from_u128(2)));
    assert_eq!(spaces.inventory().await.unwrap(), []);
    for organization in [paris, lyon, paris] {
        spaces.prepare(organization).await.unwrap();
        spaces.probe(organization).await.unwrap();
    }
    let file = folder.path().join("org").join(paris.to_string()).join("imports").join("x");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "content").unwrap();
    let mut found = spaces.inventory().await.unwrap();
    found.sort();
    assert_eq!(found, [paris, lyon]);

    for _ in 0..2 {
        spaces.remove(paris).await.unwrap();
        assert_eq!(spaces.inventory().await.unwrap(), [lyon]);
    }
    assert!(!folder.path().join("org").join(paris.to_string()).exists());
}
