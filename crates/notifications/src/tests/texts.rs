use super::{action_id, kpi_id, run_id};
use crate::{Content, ImportFile, ImportResult};
use uuid::Uuid;
use vigie_kernel::{CommentId, Locale};

fn file() -> ImportFile {
    ImportFile { id: run_id(), name: "suivi.csv".to_owned() }
}

fn comment() -> CommentId {
    CommentId::from(Uuid::from_u128(3))
}

fn red(import: Option<ImportFile>) -> Content {
    Content::KpiTurnedRed { kpi_id: kpi_id(1), name: "TRS".to_owned(), period: "2026-10".to_owned(), import }
}

fn ended(result: ImportResult, dry_run: bool, taken: u64) -> Content {
    Content::ImportEnded { import: file(), dry_run, result, taken, rejected: 2 }
}

fn several(count: usize) -> Content {
    Content::KpisTurnedRed { import: file(), count, names: vec!["A".to_owned(), "B".to_owned()] }
}

#[test]
fn every_content_reads_well_in_both_languages() {
    let given = Content::ActionGiven { action_id: action_id(), title: "Nettoyer".to_owned() };
    let on_kpi = Content::KpiCommented { comment_id: comment(), kpi_id: kpi_id(1), name: "TRS".to_owned() };
    let on_action = Content::ActionCommented {
        comment_id: comment(),
        action_id: action_id(),
        title: "Nettoyer".to_owned(),
    };
    let ana = Some("Ana");
    for (content, actor, french, english) in [
        (
            given.clone(),
            ana,
            "Ana vous a confié l'action « Nettoyer ».",
            "Ana gave you the action “Nettoyer”.",
        ),
        (
            given,
            None,
            "Quelqu'un vous a confié l'action « Nettoyer ».",
            "Somebody gave you the action “Nettoyer”.",
        ),
        (
            red(None),
            ana,
            "L'indicateur « TRS » est passé au rouge pour 2026-10 (saisi par Ana).",
            "The KPI “TRS” turned red for 2026-10 (recorded by Ana).",
        ),
        (
            red(Some(file())),
            ana,
            "L'indicateur « TRS » est passé au rouge pour 2026-10 (import de « suivi.csv »).",
            "The KPI “TRS” turned red for 2026-10 (import of “suivi.csv”).",
        ),
        (
            several(2),
            ana,
            "2 de vos indicateurs sont passés au rouge avec l'import de « suivi.csv » : A, B.",
            "2 of your KPIs turned red with the import of “suivi.csv”: A, B.",
        ),
        (
            several(3),
            ana,
            "3 de vos indicateurs sont passés au rouge avec l'import de « suivi.csv » : A, B et 1 autre.",
            "3 of your KPIs turned red with the import of “suivi.csv”: A, B and 1 more.",
        ),
        (on_kpi, ana, "Ana a commenté l'indicateur « TRS ».", "Ana commented on the KPI “TRS”."),
        (on_action, ana, "Ana a commenté l'action « Nettoyer ».", "Ana commented on the action “Nettoyer”."),
        (
            ended(ImportResult::Partial, false, 12),
            ana,
            "L'import de « suivi.csv » est terminé : 12 valeurs reprises et 2 lignes refusées.",
            "The import of “suivi.csv” has ended: 12 values taken over and 2 rows refused.",
        ),
        (
            ended(ImportResult::Failed, true, 0),
            ana,
            "L'essai à blanc de l'import de « suivi.csv » a échoué : 0 valeur reprise et 2 lignes refusées.",
            "The dry run of the import of “suivi.csv” failed: 0 values taken over and 2 rows refused.",
        ),
        (
            ended(ImportResult::Cancelled, false, 1),
            ana,
            "L'import de « suivi.csv » a été annulé par Ana.",
            "The import of “suivi.csv” was cancelled by Ana.",
        ),
    ] {
        assert_eq!(content.text(Locale::Fr, actor), french);
        assert_eq!(content.text(Locale::En, actor), english);
    }
}

#[test]
fn what_is_stored_reads_back() {
    for content in [red(None), red(Some(file())), several(3), ended(ImportResult::Success, true, 1)] {
        let stored = serde_json::to_value(&content).unwrap();
        assert_eq!(serde_json::from_value::<Content>(stored).unwrap(), content);
    }
}
