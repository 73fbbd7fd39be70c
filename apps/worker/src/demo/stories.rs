//! What people say and do about the demo's KPIs.

use vigie_action_plans::ActionStatus;

/// An action on a KPI.
pub(super) struct ActionPlan {
    pub(super) kpi: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// Days from today; negative for an action that should be done by now.
    pub(super) due_in: i64,
    pub(super) progress: i64,
    pub(super) status: ActionStatus,
    pub(super) reason: Option<&'static str>,
}

/// Actions on most red and some orange KPIs. `OTD` and `IMPAYES_60` are red and have none, so that somebody can be asked why.
pub(super) const ACTIONS: &[ActionPlan] = &[
    ActionPlan {
        kpi: "TRS",
        title: "Réduire les micro-arrêts de la ligne 2",
        description: "Relever les causes pendant deux semaines, traiter les trois premières.",
        due_in: 21,
        progress: 40,
        status: ActionStatus::InProgress,
        reason: None,
    },
    ActionPlan {
        kpi: "TRS",
        title: "Former les conducteurs au changement rapide",
        description: "Quatre sessions d’une demi-journée, une par équipe.",
        due_in: 45,
        progress: 0,
        status: ActionStatus::Open,
        reason: None,
    },
    ActionPlan {
        kpi: "PPM_CLIENT",
        title: "Verrouiller le contrôle final de la référence 4711",
        description: "Contrôle à 100 % jusqu’à trois livraisons sans défaut.",
        due_in: -12,
        progress: 60,
        status: ActionStatus::InProgress,
        reason: None,
    },
    ActionPlan {
        kpi: "POSTES_VACANTS",
        title: "Relancer le cabinet de recrutement",
        description: "Deux régleurs et un technicien de maintenance.",
        due_in: -5,
        progress: 0,
        status: ActionStatus::Open,
        reason: None,
    },
    ActionPlan {
        kpi: "NOUVEAUX_CLIENTS",
        title: "Préparer la campagne des salons du printemps",
        description: "Choisir deux salons, réserver les stands, cibler cinquante prospects.",
        due_in: 30,
        progress: 10,
        status: ActionStatus::InProgress,
        reason: None,
    },
    ActionPlan {
        kpi: "MTTR",
        title: "Constituer le stock de pièces critiques",
        description: "Liste des vingt pièces dont le délai dépasse une semaine.",
        due_in: 14,
        progress: 75,
        status: ActionStatus::InProgress,
        reason: None,
    },
    ActionPlan {
        kpi: "COUT_NON_QUALITE",
        title: "Revoir la gamme de contrôle des pièces tournées",
        description: "",
        due_in: -40,
        progress: 100,
        status: ActionStatus::Done,
        reason: None,
    },
    ActionPlan {
        kpi: "DSO",
        title: "Automatiser les relances à 15 jours",
        description: "",
        due_in: -20,
        progress: 100,
        status: ActionStatus::Done,
        reason: None,
    },
    ActionPlan {
        kpi: "NPS",
        title: "Enquête téléphonique trimestrielle",
        description: "",
        due_in: 60,
        progress: 20,
        status: ActionStatus::Cancelled,
        reason: Some("Remplacée par l’enquête annuelle du groupe."),
    },
];

/// Comments: the KPI's code and the text.
pub(super) const COMMENTS: &[(&str, &str)] = &[
    ("TRS", "La ligne 2 perd six points depuis le changement de fournisseur d’outils."),
    ("TRS", "Essai des anciens outils prévu la semaine prochaine, résultat à la revue."),
    ("PPM_CLIENT", "Trois réclamations sur la même référence : le client demande un plan sous huit jours."),
    ("OTD", "Les retards viennent du transporteur du Nord ; à confirmer avec la logistique."),
    ("IMPAYES_60", "Deux gros comptes représentent 70 % de l’échu."),
    ("POSTES_VACANTS", "Deux départs non anticipés en maintenance."),
    ("ENERGIE_PIECE", "Compteur en panne depuis l’été, remplacement commandé."),
];
