use super::{branding, contents, line, links};
use crate::mail::CompiledTemplates;
use vigie_kernel::Locale;
use vigie_notifications::mail::{
    Branding, Colour, LogoUrl, MailContent, MailKind, NotificationMail, Paragraphs, RenderedMail, Templates,
};

const LOCALES: [Locale; 2] = [Locale::Fr, Locale::En];

fn render(content: &MailContent, locale: Locale) -> RenderedMail {
    CompiledTemplates.render(content, locale, &branding()).unwrap()
}

fn of_kind(kind: MailKind, name: &str) -> MailContent {
    contents(name).into_iter().find(|content| content.kind() == kind).unwrap()
}

#[test]
fn every_kind_is_a_whole_mail_in_both_languages() {
    for content in contents("Marie Curie") {
        for locale in LOCALES {
            let mail = render(&content, locale);
            let what = format!("{:?} {locale:?}\n{}\n{}", content.kind(), mail.text, mail.html);
            assert!(mail.html.starts_with("<!DOCTYPE html>"), "{what}");
            assert!(mail.html.contains(&format!("<html lang=\"{}\">", locale.code())), "{what}");
            for half in [&mail.html, &mail.text] {
                assert!(half.contains("Marie Curie") && half.contains("GMAH Paris"), "{what}");
                assert!(half.contains("https://kpi.example.org/somewhere"), "{what}");
                assert!(!half.contains("{{") && !half.contains("{%"), "{what}");
            }
            let sender = if locale == Locale::Fr { "Message automatique" } else { "Automatic message" };
            assert!(mail.text.contains("\n-- \n") && mail.text.contains(sender), "{what}");
            assert!(!mail.text.contains("\n\n\n") && !mail.text.contains('<'), "{what}");
            assert!(mail.html.contains("max-width:600px") && mail.html.contains("display:none"), "{what}");
        }
    }
}

#[test]
fn a_reset_reads_well_in_french() {
    let mail = render(&of_kind(MailKind::ResetPassword, "Marie Curie"), Locale::Fr);
    assert_eq!(mail.subject.as_str(), "Votre nouveau mot de passe");
    assert_eq!(
        mail.text,
        "Choisissez un nouveau mot de passe\n\
         \n\
         Bonjour Marie Curie,\n\
         \n\
         Vous avez demandé un nouveau mot de passe pour votre compte Vigie. Le bouton ci-dessous vous mène à la page où le choisir.\n\
         \n\
         Choisir un mot de passe :\n\
         https://kpi.example.org/somewhere#token=tk_0123456789\n\
         \n\
         Ce lien est valable 30 minutes et ne sert qu’une fois. Personne chez Vigie ne vous le demandera.\n\
         \n\
         -- \n\
         Vous recevez ce message parce qu’un nouveau mot de passe a été demandé pour cette adresse. Si ce n’était pas par vous, \
         vous pouvez l’ignorer : votre mot de passe reste le même.\n\
         Message automatique envoyé par Vigie pour GMAH Paris.\n"
    );
}

#[test]
fn an_invitation_reads_well_in_english() {
    let mail = render(&of_kind(MailKind::InviteUser, "Marie Curie"), Locale::En);
    assert_eq!(mail.subject.as_str(), "Invitation to join Marie Curie on Vigie");
    for sentence in [
        "Marie Curie invites you to join Marie Curie on Vigie, as a manager.",
        "Accept the invitation:\nhttps://kpi.example.org/somewhere#token=tk_0123456789\n",
        "This link is good for 3 days.",
    ] {
        assert!(mail.text.contains(sentence), "{sentence}\n{}", mail.text);
    }
}

#[test]
fn times_are_the_readers() {
    let content = of_kind(MailKind::NewDevice, "Firefox");
    let (fr, en) = (render(&content, Locale::Fr), render(&content, Locale::En));
    assert!(
        fr.text.contains("Date : 20 novembre 2026 à 14:05 (UTC+01:00)\nAppareil : Firefox\n"),
        "{}",
        fr.text
    );
    assert!(
        en.text.contains("Date: 20 November 2026 at 14:05 (UTC+01:00)\nDevice: Firefox\n"),
        "{}",
        en.text
    );
}

#[test]
fn a_notification_has_its_paragraphs() {
    let mail = render(&of_kind(MailKind::Notification, "Voir"), Locale::Fr);
    assert_eq!(mail.subject.as_str(), "Un indicateur est passé au rouge");
    assert!(
        mail.text.contains("\n\nTaux de service\nnovembre 2026\n\nPensez au plan d'action.\n\nVoir :\n"),
        "{}",
        mail.text
    );
    assert!(
        mail.html.contains("<bdi>Taux de service</bdi><br><bdi>novembre 2026</bdi></p>"),
        "{}",
        mail.html
    );
}

#[test]
fn what_people_write_is_never_markup_nor_a_template() {
    let hostile = "<script>alert(1)</script>\"'&{{7*7}}{% if true %}${7*7}";
    for content in contents(hostile) {
        for locale in LOCALES {
            let mail = render(&content, locale);
            assert!(!mail.html.contains("<script"), "{}", mail.html);
            assert!(mail.html.contains("&#60;script&#62;alert(1)"), "{}", mail.html);
            assert!(mail.html.contains("&#34;&#39;&#38;"), "{}", mail.html);
            for half in [&mail.html, &mail.text] {
                assert!(half.contains("{{7*7}}{% if true %}${7*7}") && !half.contains("49"), "{half}");
            }
            assert!(mail.text.contains(hostile), "{}", mail.text);
        }
    }
}

#[test]
fn a_body_is_escaped_as_well_however_long_it_is() {
    let long = format!("<img src=x onerror=alert(1)>{}", "x".repeat(9_900));
    let content = MailContent::Notification(NotificationMail {
        name: None,
        title: line(&"é".repeat(200)),
        body: Paragraphs::parse("body", &long).unwrap(),
        action: Some((line("<b>Voir</b>"), links().page("/x").unwrap())),
    });
    let mail = render(&content, Locale::Fr);
    assert!(!mail.html.contains("<img") && !mail.html.contains("<b>Voir"), "{}", mail.html);
    assert!(mail.html.contains(&"x".repeat(9_900)) && mail.text.contains(&long));
    assert_eq!(mail.subject.as_str().chars().count(), 200);
}

#[test]
fn subjects_stay_short_whatever_names_are() {
    for content in contents(&"W".repeat(200)) {
        for locale in LOCALES {
            assert!(render(&content, locale).subject.as_str().chars().count() <= 200);
        }
    }
    let mail = render(&of_kind(MailKind::InviteUser, &"W".repeat(200)), Locale::Fr);
    assert!(mail.subject.as_str().contains("WW…"), "{:?}", mail.subject);
}

#[test]
fn a_mail_looks_like_its_organization() {
    let branding = Branding::of(line("R&D <Paris>"))
        .with_colour(Colour::parse("colour", "#ffdd00").unwrap())
        .with_logo(LogoUrl::parse("logo", "https://cdn.example.org/a.png?x=1&y=\"2\"").unwrap());
    let mail =
        CompiledTemplates.render(&of_kind(MailKind::VerifyEmail, "Marie"), Locale::Fr, &branding).unwrap();
    assert!(mail.html.contains("background:#ffdd00;color:#111827"), "{}", mail.html);
    assert!(mail.html.contains("alt=\"R&#38;D &#60;Paris&#62;\""), "{}", mail.html);
    assert!(mail.html.contains("src=\"https://cdn.example.org/a.png?x=1&#38;y=%222%22\""), "{}", mail.html);
    let product = CompiledTemplates
        .render(&of_kind(MailKind::VerifyEmail, "Marie"), Locale::Fr, &Branding::product())
        .unwrap();
    assert!(product.html.contains("<bdi>Vigie</bdi>") && !product.html.contains("<img"), "{}", product.html);
    assert!(product.text.ends_with("\nMessage automatique envoyé par Vigie.\n"), "{}", product.text);
}

#[test]
fn no_template_goes_past_the_escaping() {
    fn look(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                if path.is_dir() {
                    return look(&path);
                }
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("safe") && !text.contains("escape"), "{}", path.display());
                1
            })
            .sum()
    }
    assert_eq!(look(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))), 39);
}
