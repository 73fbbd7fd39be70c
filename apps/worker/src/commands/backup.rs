//! `tenant backup`, `restore`, `clone`, `export`, `delete`

use super::tenant::find;
use super::{confirm, operator};
use crate::answer::{Exit, table};
use crate::cli::{
    TenantBackup, TenantClone, TenantDelete, TenantDrill, TenantExport, TenantPromote, TenantRestore,
};
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use vigie_composition::App;
use vigie_kernel::{MAX_LIMIT, PageRequest};
use vigie_tenancy::backup::{
    BackUp, BackupKind, BackupRecord, BackupWatch, CloneOrganization, DeleteOrganization, Promote,
    RestoreAsNew, RestoreInPlace, Restored,
};

/// Tells the progress of a long command on a terminal, on one line that is written over.
pub(super) struct Terminal {
    shown: Mutex<String>,
    is_terminal: bool,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { shown: Mutex::new(String::new()), is_terminal: std::io::stderr().is_terminal() }
    }

    fn show(&self, line: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *shown != line {
            // Progress that cannot be shown is no reason to stop.
            let _unseen =
                write!(std::io::stderr(), "\r\x1b[2K{line}").and_then(|()| std::io::stderr().flush());
            line.clone_into(&mut shown);
        }
    }
}

impl BackupWatch for Terminal {
    fn step(&self, step: &str, done: u64, total: Option<u64>) {
        if !self.is_terminal {
            return;
        }
        match total {
            Some(total) => self.show(&format!("{step}: {done}/{total}")),
            None => self.show(&format!("{step}: {done}")),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.is_terminal {
            self.show("");
        }
    }
}

/// Makes a backup.
pub(super) async fn back_up(app: &App, wanted: &TenantBackup) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let folder = wanted.output.clone().map(std::path::absolute).transpose().map_err(CommandError::Output)?;
    let command = BackUp { organization, kind: BackupKind::Manual, folder };
    let made = app.backups.back_up(&operator(app), command, &Terminal::new()).await?;
    let path = made.path.clone().unwrap_or_default();
    let rows: u64 = made.counts.iter().filter(|(name, _)| *name != "files").map(|(_, rows)| rows).sum();
    let text = format!(
        "{path}\n{} rows, {} files, {} bytes, SHA-256 {}\n",
        rows,
        made.counts.get("files").copied().unwrap_or_default(),
        made.size.unwrap_or_default(),
        made.sha256.clone().unwrap_or_default()
    );
    Ok(Answer::new(text, view(&made)))
}

/// Asks for the nightly backups, which the worker makes, and removes what has had its time.
pub(super) async fn nightly(app: &App) -> Result<Answer, CommandError> {
    let report = app.backups.nightly(&operator(app)).await?;
    let text = format!(
        "{} backups asked for, {} removed, {} databases of earlier restores dropped, {} organizations purged, {} failures.",
        report.asked, report.removed, report.dropped, report.purged, report.failed
    );
    let json = json!({
        "asked": report.asked,
        "removed": report.removed,
        "dropped": report.dropped,
        "purged": report.purged,
        "failed": report.failed,
    });
    let exit = if report.failed > 0 { Exit::Partial } else { Exit::Done };
    Ok(Answer { exit, ..Answer::new(text, json) })
}

/// Tries out that backups can be restored.
pub(super) async fn drill(app: &App, wanted: &TenantDrill) -> Result<Answer, CommandError> {
    let drilled = match &wanted.slug {
        Some(slug) => {
            let organization = find(app, slug).await?;
            vec![app.backups.drill(&operator(app), organization, &Terminal::new()).await?]
        }
        None => app.backups.drills(&operator(app), &Terminal::new()).await?,
    };
    let rows: Vec<[String; 3]> = drilled
        .iter()
        .map(|one| {
            let outcome = one.backup.drill_error.clone().unwrap_or_else(|| "can be restored".to_owned());
            [one.backup.slug.clone(), one.backup.created_at.format("%Y-%m-%d %H:%M UTC").to_string(), outcome]
        })
        .collect();
    let failed = drilled.iter().any(|one| one.backup.drill_error.is_some());
    let text = table(["ORGANIZATION", "BACKUP OF", "OUTCOME"], &rows, "There is no good backup.");
    let json = json!({ "backups": drilled.iter().map(|one| view(&one.backup)).collect::<Vec<_>>() });
    let exit = if failed { Exit::Partial } else { Exit::Done };
    Ok(Answer { exit, ..Answer::new(text, json) })
}

/// The backups of an organization.
pub(super) async fn list(app: &App, slug: &str) -> Result<Answer, CommandError> {
    let organization = find(app, slug).await?;
    let mut page = PageRequest { limit: MAX_LIMIT, after: None };
    let mut backups = Vec::new();
    loop {
        let found = app.backups.list(&operator(app), organization, &page).await?;
        backups.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    let rows: Vec<[String; 5]> = backups
        .iter()
        .map(|backup| {
            [
                backup.created_at.format("%Y-%m-%d %H:%M UTC").to_string(),
                backup.kind.name().to_owned(),
                backup.status.name().to_owned(),
                backup.size.map(|size| size.to_string()).unwrap_or_default(),
                backup.error.clone().or_else(|| backup.path.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    let text = table(["AT", "KIND", "STATUS", "BYTES", "FILE"], &rows, "There is no backup.");
    Ok(Answer::new(text, json!({ "backups": backups.iter().map(view).collect::<Vec<_>>() })))
}

/// Makes an organization out of an archive, puts one in the place of what there is, or takes that back.
pub(super) async fn restore(
    app: &App,
    wanted: TenantRestore,
    input: impl BufRead,
) -> Result<Answer, CommandError> {
    if wanted.undo {
        let organization = find(app, &wanted.slug).await?;
        let back = app.backups.undo(&operator(app), organization).await?;
        let text = format!("{} works on {} again.", wanted.slug, back.database_name());
        return Ok(Answer::new(
            text,
            json!({ "slug": wanted.slug, "database_name": back.database_name().as_str() }),
        ));
    }
    let archive = wanted.file.ok_or_else(|| CommandError::Usage("name the archive".to_owned()))?;
    if wanted.in_place {
        let organization = find(app, &wanted.slug).await?;
        confirmed(&wanted.slug, wanted.yes, "This puts the archive in the place of its data.", input)?;
        let command = RestoreInPlace { organization, archive, foreign_key: wanted.accept_foreign_key };
        let restored = app.backups.restore_in_place(&operator(app), command, &Terminal::new()).await?;
        let undo = format!(
            "The data before are kept: `tenant restore --undo --slug {}` brings them back.",
            wanted.slug
        );
        return Ok(told(&restored, &undo));
    }
    let command = RestoreAsNew {
        archive,
        slug: wanted.slug,
        name: wanted.name,
        owner: wanted.admin_email,
        foreign_key: wanted.accept_foreign_key,
    };
    let restored = app.backups.restore_as_new(&operator(app), command, &Terminal::new()).await?;
    Ok(told(&restored, &copy_note(&restored)))
}

/// Makes an organization out of another one.
pub(super) async fn clone_organization(app: &App, wanted: TenantClone) -> Result<Answer, CommandError> {
    let from = find(app, &wanted.slug).await?;
    let command = CloneOrganization { from, slug: wanted.to, name: wanted.name, owner: wanted.admin_email };
    let restored = app.backups.clone_organization(&operator(app), command, &Terminal::new()).await?;
    Ok(told(&restored, &copy_note(&restored)))
}

/// Moves an organization to another server.
pub(super) async fn promote(app: &App, wanted: TenantPromote) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let command = Promote { organization, to: wanted.to, dry_run: wanted.dry_run };
    let moved = app.backups.promote(&operator(app), command, &Terminal::new()).await?;
    let (from, to) = (&moved.from, &moved.to);
    let way = format!("from {} ({}) to {} ({})", from.name, from.engine.name(), to.name, to.engine.name());
    let text = match moved.paused {
        None => format!("{} would move {way}. Nothing was done.", wanted.slug),
        Some(paused) => format!(
            "{} moved {way}: {} rows of {} tables, compared with the original. It took no writes for {:.1} s.\n\
             The data before are kept: `tenant restore --undo --slug {}` goes back.",
            wanted.slug,
            moved.rows,
            moved.tables,
            paused.as_secs_f64(),
            wanted.slug
        ),
    };
    let json = json!({
        "slug": wanted.slug,
        "from": { "server": from.name, "engine": from.engine.name() },
        "to": { "server": to.name, "engine": to.engine.name() },
        "dry_run": moved.paused.is_none(),
        "database_name": moved.organization.database_name().as_str(),
        "rows": moved.rows,
        "tables": moved.tables,
        "paused_seconds": moved.paused.map(|paused| paused.as_secs_f64()),
    });
    Ok(Answer::new(text, json))
}

fn copy_note(restored: &Restored) -> String {
    let slug = &restored.organization.snapshot().slug;
    format!(
        "Nothing leaves it (no mail, no schedule) until `tenant confirm --slug {slug}`. Its members are inactive until they \
         are added."
    )
}

/// Lets mails and schedules leave a copy.
pub(super) async fn confirm_copy(app: &App, slug: &str) -> Result<Answer, CommandError> {
    let organization = find(app, slug).await?;
    app.backups.confirm(&operator(app), organization).await?;
    Ok(Answer::new(format!("{slug} may send."), json!({ "slug": slug, "outgoing_paused": false })))
}

/// Writes everything that an organization has.
pub(super) async fn export(app: &App, wanted: &TenantExport) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let exported = app.backups.export(&operator(app), organization, &wanted.output, &Terminal::new()).await?;
    let rows: u64 = exported.tables.iter().map(|(_, rows)| rows).sum();
    let folder = exported.folder.display().to_string();
    let text = format!("{folder}\n{} tables, {rows} rows, {} files", exported.tables.len(), exported.files);
    let tables: Vec<Value> =
        exported.tables.iter().map(|(name, rows)| json!({ "name": name, "rows": rows })).collect();
    Ok(Answer::new(text, json!({ "folder": folder, "tables": tables, "files": exported.files })))
}

/// Deletes an organization, says what that would remove, takes it back, or carries it out.
pub(super) async fn delete(
    app: &App,
    wanted: TenantDelete,
    input: impl BufRead,
) -> Result<Answer, CommandError> {
    let id = find(app, &wanted.slug).await?;
    let operator = operator(app);
    if wanted.cancel {
        let back = app.backups.cancel_deletion(&operator, id).await?;
        let json = json!({ "slug": wanted.slug, "status": back.status().name() });
        return Ok(Answer::new(format!("{} is active again.", wanted.slug), json));
    }
    let plan = app.backups.deletion_plan(&operator, id).await?;
    let planned = json!({
        "slug": wanted.slug,
        "status": plan.organization.status().name(),
        "database_name": plan.organization.database_name().as_str(),
        "kept_databases": plan.kept_databases,
        "members": plan.members,
        "rows": plan.rows,
        "files": plan.files,
        "file_bytes": plan.file_bytes,
        "backups": plan.backups,
        "purge_after": plan.deletion.as_ref().map(|deletion| deletion.purge_after),
    });
    if wanted.dry_run {
        let text = format!(
            "{}: the database {} with {} rows, {} files ({} bytes), {} backups and {} memberships would go. Nothing was done.",
            wanted.slug,
            plan.organization.database_name(),
            plan.rows,
            plan.files,
            plan.file_bytes,
            plan.backups,
            plan.members
        );
        return Ok(Answer::new(text, planned));
    }
    let typed = confirmed(&wanted.slug, wanted.yes, "This deletes the organization.", input)?;
    if !wanted.purge || plan.deletion.is_none() {
        let reason = wanted.reason.unwrap_or_else(|| "deleted by the operator".to_owned());
        let command = DeleteOrganization { organization: id, confirmation: typed, reason };
        let deletion = app.backups.delete(&operator, command, &Terminal::new()).await?;
        if !wanted.purge {
            let until = deletion.purge_after.format("%Y-%m-%d");
            let text = format!(
                "{} is archived. On {until} everything goes; until then `tenant delete --cancel --slug {}` brings it back.",
                wanted.slug, wanted.slug
            );
            let json = json!({
                "slug": wanted.slug,
                "status": "archived",
                "purge_after": deletion.purge_after,
                "final_backup": deletion.final_backup,
            });
            return Ok(Answer::new(text, json));
        }
    }
    let purged = app.backups.purge(&operator, id, wanted.force).await?;
    let text = format!(
        "{} is gone: {} databases, {} files, {} backups, {} accounts.",
        wanted.slug, purged.databases, purged.files, purged.backups, purged.accounts
    );
    let json = json!({
        "slug": wanted.slug,
        "status": "deleted",
        "databases": purged.databases,
        "files": purged.files,
        "backups": purged.backups,
        "accounts": purged.accounts,
    });
    Ok(Answer::new(text, json))
}

/// What destroys wants the slug once more: on the command line, or typed.
fn confirmed(
    slug: &str,
    yes: Option<String>,
    what: &str,
    input: impl BufRead,
) -> Result<String, CommandError> {
    let yes: Vec<String> = yes.into_iter().collect();
    // A wrong answer on the command line is an answer too: nothing is asked then.
    let is_sure =
        yes.iter().any(|given| given == slug) || (yes.is_empty() && confirm(what, slug, &yes, input)?);
    if is_sure { Ok(slug.to_owned()) } else { Err(CommandError::NotConfirmed(slug.to_owned())) }
}

fn told(restored: &Restored, note: &str) -> Answer {
    let it = restored.organization.snapshot();
    let text = format!(
        "{} ({}): {} rows in {} tables and {} files were restored and compared.\n{note}",
        it.slug, it.name, restored.rows, restored.tables, restored.files
    );
    let json = json!({
        "id": it.id,
        "slug": it.slug.as_str(),
        "name": it.name,
        "status": it.status.name(),
        "database_name": it.database_name.as_str(),
        "outgoing_paused": it.settings.outgoing_paused,
        "rows": restored.rows,
        "tables": restored.tables,
        "files": restored.files,
        "archive_schema_version": restored.schema_version,
        "schema_version": it.schema_version,
    });
    Answer::new(text, json)
}

/// A backup for programs.
pub(super) fn view(backup: &BackupRecord) -> Value {
    json!({
        "id": backup.id,
        "slug": backup.slug,
        "kind": backup.kind.name(),
        "status": backup.status.name(),
        "path": backup.path.as_ref().map(PathBuf::from),
        "size": backup.size,
        "sha256": backup.sha256,
        "schema_version": backup.schema_version,
        "counts": backup.counts,
        "error": backup.error,
        "created_at": backup.created_at,
        "finished_at": backup.finished_at,
        "drilled_at": backup.drilled_at,
        "drill_error": backup.drill_error,
    })
}
