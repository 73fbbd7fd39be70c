//! The dashboards and KPIs of the demo: a middle-sized manufacturer.

use super::plan::{DashboardPlan, Ends, KpiPlan, Series};

const PRODUCTION: &str = "Production";
const SALES: &str = "Ventes";
const PEOPLE: &str = "Ressources humaines";

/// Three processes, eight dashboards, forty KPIs.
pub(super) const DASHBOARDS: &[DashboardPlan] = &[
    DashboardPlan {
        process: PRODUCTION,
        title: "Atelier d’usinage",
        description: "Rendement, cadence et rebuts des trois lignes d’usinage.",
        kpis: &[
            KpiPlan::up("TRS", "Taux de rendement synthétique", "%")
                .decimals(1)
                .cuts("85", "80", "70")
                .weight(3)
                .critical()
                .ends(Ends::Red),
            KpiPlan::up("PLANNING_FAB", "Respect du planning de fabrication", "%")
                .weekly()
                .decimals(1)
                .cuts("95", "90", "80")
                .weight(2),
            KpiPlan::up("CADENCE", "Cadence horaire moyenne", "pièces/h").daily().cuts("120", "105", "90"),
            KpiPlan::down("CHANGEMENT_SERIE", "Temps de changement de série", "min")
                .weekly()
                .cuts("25", "35", "50")
                .ends(Ends::Orange),
            KpiPlan::down("REBUT", "Taux de rebut en atelier", "%").decimals(2).cuts("2", "3", "5").weight(2),
        ],
    },
    DashboardPlan {
        process: PRODUCTION,
        title: "Qualité",
        description: "Non-conformités internes et chez le client.",
        kpis: &[
            KpiPlan::down("PPM_CLIENT", "Non-conformités chez le client", "ppm")
                .cuts("150", "300", "600")
                .weight(3)
                .critical()
                .ends(Ends::Red),
            KpiPlan::up("BON_PREMIER_COUP", "Bons du premier coup", "%")
                .weekly()
                .decimals(1)
                .cuts("97", "94", "90")
                .weight(2),
            KpiPlan::down("COUT_NON_QUALITE", "Coût de non-qualité", "k€")
                .decimals(1)
                .cuts("25", "40", "70")
                .summed()
                .ends(Ends::Orange),
            KpiPlan::down("DELAI_8D", "Délai de traitement des 8D", "jours").cuts("15", "25", "40"),
            KpiPlan::up("AUDITS", "Audits internes réalisés", "%").cuts("90", "75", "50"),
        ],
    },
    DashboardPlan {
        process: PRODUCTION,
        title: "Maintenance",
        description: "Disponibilité des équipements et énergie.",
        kpis: &[
            KpiPlan::up("DISPONIBILITE", "Disponibilité des équipements", "%")
                .daily()
                .decimals(1)
                .cuts("95", "90", "80")
                .weight(2)
                .critical(),
            KpiPlan::up("MTBF", "Temps moyen entre pannes (MTBF)", "h").cuts("120", "90", "60"),
            KpiPlan::down("MTTR", "Temps moyen de réparation (MTTR)", "h")
                .decimals(1)
                .cuts("2", "4", "8")
                .ends(Ends::Orange),
            KpiPlan::up("PREVENTIF", "Part de maintenance préventive", "%")
                .decimals(1)
                .cuts("70", "55", "40"),
            KpiPlan::down("ENERGIE_PIECE", "Énergie consommée par pièce", "kWh")
                .decimals(2)
                .cuts("1.2", "1.5", "2")
                .series(Series::Behind(3)),
        ],
    },
    DashboardPlan {
        process: SALES,
        title: "Activité commerciale",
        description: "Du devis à la commande.",
        kpis: &[
            KpiPlan::up("CA", "Chiffre d’affaires", "k€")
                .cuts("1200", "1050", "900")
                .weight(3)
                .critical()
                .summed(),
            KpiPlan::up("COMMANDES", "Commandes reçues", "commandes")
                .daily()
                .cuts("60", "45", "30")
                .summed()
                .ends(Ends::Orange),
            KpiPlan::up("CARNET", "Carnet de commandes", "k€")
                .weekly()
                .cuts("2500", "2000", "1500")
                .weight(2),
            KpiPlan::up("TRANSFO_DEVIS", "Taux de transformation des devis", "%")
                .decimals(1)
                .cuts("35", "28", "20"),
            KpiPlan::up("NOUVEAUX_CLIENTS", "Nouveaux clients", "clients")
                .cuts("12", "8", "4")
                .summed()
                .ends(Ends::Red),
        ],
    },
    DashboardPlan {
        process: SALES,
        title: "Service client",
        description: "Livraison, réponses et satisfaction.",
        kpis: &[
            KpiPlan::up("OTD", "Livraisons à l’heure (OTD)", "%")
                .weekly()
                .decimals(1)
                .cuts("96", "92", "85")
                .weight(3)
                .critical()
                .ends(Ends::Red),
            KpiPlan::down("DELAI_REPONSE", "Délai de réponse aux demandes", "h")
                .weekly()
                .decimals(1)
                .cuts("8", "16", "32"),
            KpiPlan::up("NPS", "Recommandation par les clients (NPS)", "points")
                .cuts("40", "25", "10")
                .ends(Ends::Orange),
            KpiPlan::down("RECLAMATIONS", "Réclamations reçues", "réclamations")
                .cuts("10", "18", "30")
                .summed(),
            KpiPlan::down("RETOURS", "Taux de retour", "%").decimals(2).cuts("1", "1.8", "3"),
        ],
    },
    DashboardPlan {
        process: SALES,
        title: "Marges et recouvrement",
        description: "Ce qui reste et ce qui rentre.",
        kpis: &[
            KpiPlan::up("MARGE_BRUTE", "Taux de marge brute", "%")
                .decimals(1)
                .cuts("38", "34", "28")
                .weight(2)
                .critical(),
            KpiPlan::down("DSO", "Délai moyen de paiement (DSO)", "jours")
                .cuts("45", "55", "75")
                .ends(Ends::Orange),
            KpiPlan::down("IMPAYES_60", "Créances échues de plus de 60 jours", "k€")
                .cuts("80", "140", "250")
                .weight(2)
                .ends(Ends::Red),
            KpiPlan::down("REMISES", "Taux de remise moyen", "%").decimals(1).cuts("6", "9", "14"),
            KpiPlan::down("LITIGES", "Factures en litige", "factures").cuts("8", "15", "25"),
        ],
    },
    DashboardPlan {
        process: PEOPLE,
        title: "Effectifs et recrutement",
        description: "Postes, rotation et formation.",
        kpis: &[
            KpiPlan::down("ROTATION", "Rotation du personnel sur 12 mois", "%")
                .decimals(1)
                .cuts("8", "12", "18")
                .ends(Ends::Orange),
            KpiPlan::down("DELAI_RECRUTEMENT", "Délai de recrutement", "jours").cuts("45", "60", "90"),
            KpiPlan::down("POSTES_VACANTS", "Postes vacants", "postes")
                .cuts("4", "8", "14")
                .weight(2)
                .ends(Ends::Red),
            KpiPlan::up("FORMATION", "Heures de formation par salarié", "h")
                .decimals(1)
                .cuts("2", "1.2", "0.5"),
            KpiPlan::up("ENGAGEMENT", "Baromètre d’engagement", "points")
                .cuts("75", "65", "50")
                .series(Series::Missing),
        ],
    },
    DashboardPlan {
        process: PEOPLE,
        title: "Santé et sécurité",
        description: "Accidents, absences et prévention.",
        kpis: &[
            KpiPlan::down("ABSENTEISME", "Taux d’absentéisme", "%")
                .decimals(1)
                .cuts("4.5", "6", "8")
                .weight(2)
                .ends(Ends::Orange),
            KpiPlan::down("TF1", "Taux de fréquence des accidents (TF1)", "")
                .decimals(1)
                .cuts("10", "18", "30")
                .weight(3)
                .critical(),
            KpiPlan::up("PRESQU_ACCIDENTS", "Presqu’accidents déclarés", "déclarations")
                .weekly()
                .cuts("6", "3", "1")
                .summed()
                .ends(Ends::Orange),
            KpiPlan::up("VISITES_SECURITE", "Visites de sécurité réalisées", "%")
                .weekly()
                .cuts("90", "75", "50"),
            KpiPlan::down("HEURES_SUP", "Heures supplémentaires", "h").cuts("300", "450", "700").summed(),
        ],
    },
];
