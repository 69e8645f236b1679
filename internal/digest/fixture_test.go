package digest

import (
	"fmt"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/watch"
)

// The fixture: real identifiers, titles, dates and amounts; texts of our own.

var now = time.Date(2026, 4, 23, 4, 30, 0, 0, time.UTC) // 06.30 in Sundsvall

func fixturePlan() *plan.Plan {
	return &plan.Plan{
		ID: "rvn-2020", Name: "Internationell handlingsplan 2020", NameEN: "International action plan 2020",
		Authority: "Region Västernorrland", Language: "sv",
		Networks: []plan.Network{{ID: "EFNS"}, {ID: "AER"}, {ID: "BK"}, {ID: "NSPA"}},
		Departments: []plan.Department{
			{ID: "regional-utveckling", Name: "Regional utveckling", NameEN: "Regional development",
				Priorities: []string{"infrastruktur-cef", "miljo-klimat", "naringsliv", "forskning-innovation", "besoksnaring", "kompetensforsorjning"}},
			{ID: "tandvard", Name: "Tandvård", NameEN: "Dental care", Priorities: []string{"tandvard"}},
		},
		Priorities: []plan.Priority{
			{ID: "infrastruktur-cef", Name: "Infrastruktur och hållbara transporter", NameEN: "Infrastructure and sustainable transport",
				Text: "Järnväg, väg, hamnar och flyg i norr hör hit.\n\nLaddning och tankning av tunga fordon hör hit.",
				Activities: []plan.Activity{
					{Heading: "Infrastruktur", Text: "Ta fram gemensamma ståndpunkter om transporter i norr.", Networks: []string{"EFNS", "BK"}},
					{Heading: "Infrastruktur", Text: "Besvara samråd om transportnätet.", Networks: []string{"EFNS"}},
				},
				Rules: []plan.Rule{{Field: "call", Pattern: "CEF-T-*", Weight: 3, Note: "CEF Transport är länets väg till pengar för spår och väg."}}},
			{ID: "miljo-klimat", Name: "Miljö och klimat", NameEN: "Environment and climate",
				Text:   "Lokal och regional energiomställning hör hit.\n\nVatten, hav och biologisk mångfald hör hit.",
				TextEN: "Local and regional energy transition belongs here.",
				Activities: []plan.Activity{
					{Heading: "Miljö/klimat", Text: "Följa EU:s miljö- och klimatpolitik tillsammans.", Networks: []string{"EFNS", "AER"}},
					{Heading: "Miljö/klimat", Text: "Svara i de EU-samråd som rör miljö och klimat.", Networks: []string{"EFNS"}},
				},
				Vocabulary: []plan.Term{{SV: "kärnkraft", EN: []string{"nuclear"}, Weight: -2}}},
			{ID: "naringsliv", Name: "Näringsliv", NameEN: "Business",
				Text: "Små och medelstora företag ska kunna växa och nå nya marknader."},
			{ID: "forskning-innovation", Name: "Forskning och innovation", NameEN: "Research and innovation",
				Text:       "Universitet och regioner ska bygga upp förmågan att leda europeiska projekt.",
				Activities: []plan.Activity{{Heading: "Forskning", Text: "Utveckla samarbetet med universiteten i norr.", Networks: []string{"NSPA", "EFNS"}}}},
			{ID: "besoksnaring", Name: "Besöksnäring", NameEN: "Tourism", Text: "Länet ska bli mer känt som resmål."},
			{ID: "kompetensforsorjning", Name: "Kompetensförsörjning", NameEN: "Skills",
				Text: "Yrkesutbildning i samverkan med arbetslivet hör hit."},
			{ID: "tandvard", Name: "Tandvård", NameEN: "Dental care", Text: "Munhälsa och tandvård hör hit."},
		},
	}
}

func reason(planText, callText, field, term string, weight float64) match.Reason {
	kind := match.KindSentence
	switch {
	case field == "ref":
		kind = match.KindDecision
	case weight < 0 && !strings.Contains(planText, ": "):
		kind = match.KindLimit
	case strings.Contains(planText, ": "):
		kind = match.KindWords
	case field == "identifier" || field == "call":
		kind = match.KindRule
	}
	return match.Reason{Kind: kind, PriorityText: planText, CallText: callText, Field: field, Term: term, Weight: weight}
}

func result(priority string, score float64, reasons ...match.Reason) match.Result {
	return match.Result{Priority: priority, Score: score, Included: true, Reasons: reasons}
}

func day(s string) call.Moment {
	m, err := call.ParseMoment(s)
	if err != nil {
		panic(err) // a fixture's own mistake
	}
	return m
}

func days(ss ...string) []call.Moment {
	out := make([]call.Moment, len(ss))
	for i, s := range ss {
		out[i] = day(s)
	}
	return out
}

const portal = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/"

func fixtureCalls() []Item {
	seen := time.Date(2026, 4, 23, 4, 10, 0, 0, time.UTC)
	before := time.Date(2026, 3, 3, 5, 10, 0, 0, time.UTC)
	return []Item{
		{Call: call.Call{Source: "ft-portal", Ref: "51121646TOPICS", Kind: call.KindCall, Title: "Facilitating cooperation among energy communities", Programme: "LIFE",
			Call: "LIFE-2026-CET", Identifier: "LIFE-2026-CET-ENERCOM", Status: call.StatusOpen, Opens: day("2026-04-21"), Deadlines: days("2026-09-16T17:00:00+02:00"),
			DeadlineModel: "single-stage", BudgetEUR: 7_000_000, Grants: 4, MinEUR: 1_500_000, MaxEUR: 1_900_000, Language: "en", URL: portal + "topic-details/LIFE-2026-CET-ENERCOM",
			Eligible: "Public bodies, companies and associations in EU countries; at least three applicants from three countries."},
			FirstSeen: seen, Results: []match.Result{
				result("miljo-klimat", .92,
					reason("Lokal och regional energiomställning hör hit.", "Facilitating cooperation among «energy communities»", "title", "energigemenskap", 5),
					reason("Lokal och regional energiomställning hör hit.", "Projects help «energy communities» in towns and rural areas to work together and to share what they learn.", "text", "energigemenskap", 3)),
				result("naringsliv", .61, reason("Näringsliv: energitjänster, energy services", "New «energy services» give small companies a market.", "text", "energitjänster", 2))}},
		{Call: call.Call{Source: "ft-portal", Ref: "13881COMPETITIVE_CALL", Kind: call.KindCall, Title: "RIVCircular Open Call for Interregional Circular Economy Innovation Proposals",
			Programme: "HORIZON", Call: "HORIZON-EIE-2023-CONNECT-03-01", Identifier: "13881COMPETITIVE_CALL", Status: call.StatusOpen, Opens: day("2026-04-20"),
			Deadlines: days("2026-09-17"), Language: "en", Project: "RIVCircular", MaxEUR: 60_000, URL: portal + "competitive-calls-cs/13881"},
			FirstSeen: seen, Results: []match.Result{result("naringsliv", .74,
				reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "«Small and medium-sized companies» from two regions try out a circular product together.", "text", "små och medelstora företag", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "49669831TOPICS", Kind: call.KindCall, Title: "Centres of Vocational Excellence", Programme: "ERASMUS",
			Identifier: "ERASMUS-EDU-2026-PEX-COVE", Status: call.StatusOpen, Opens: day("2025-12-04"), Deadlines: days("2026-09-03"), BudgetEUR: 68_000_000, Language: "en",
			URL: portal + "topic-details/ERASMUS-EDU-2026-PEX-COVE"},
			FirstSeen: seen, Results: []match.Result{result("kompetensforsorjning", .88,
				reason("Kompetensförsörjning", "«ERASMUS-EDU-2026-PEX-COVE»", "identifier", "ERASMUS-EDU-*", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "51454502TOPICS", Kind: call.KindCall, Title: "Rail – studies, works or mixed", Programme: "CEF",
			Call: "CEF-T-2026-CORECOEN", Identifier: "CEF-T-2026-CORECOEN-RAIL-WORKS", Status: call.StatusForthcoming, Opens: day("2026-06-18"), Deadlines: days("2026-10-06"),
			BudgetEUR: 260_000_000, Language: "en", URL: portal + "topic-details/CEF-T-2026-CORECOEN-RAIL-WORKS"},
			FirstSeen: seen, Results: []match.Result{result("infrastruktur-cef", .95,
				reason("Pengarna är avsatta för sammanhållningsländerna; Sverige är inte ett av dem.", "«CEF-T-2026-CORECOEN-RAIL-WORKS»", "identifier", "cohesion envelope", -4),
				reason("CEF Transport är länets väg till pengar för spår och väg.", "«CEF-T-2026-CORECOEN»", "call", "CEF-T-*", 3),
				reason("Järnväg, väg, hamnar och flyg i norr hör hit.", "«Rail» – studies, works or mixed", "title", "järnväg", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "50563532TOPICS", Kind: call.KindCall, Title: "Supporting sustainable competitiveness of tourism SME", Programme: "SMP",
			Identifier: "SMP-COSME-2026-TOURSME-01", Status: call.StatusOpen, Opens: day("2026-03-03"), Deadlines: days("2026-05-21"), BudgetEUR: 6_900_000, Language: "en",
			URL: portal + "topic-details/SMP-COSME-2026-TOURSME-01"},
			FirstSeen: before, Results: []match.Result{
				result("besoksnaring", .9, reason("Länet ska bli mer känt som resmål.", "Grants reach «tourism» companies through a consortium that knows them.", "text", "turism", 4)),
				result("naringsliv", .7, reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "Supporting sustainable competitiveness of tourism «SME»", "title", "små och medelstora företag", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "51121573TOPICS", Kind: call.KindCall, Title: "Strategic Integrated Projects - Environment", Programme: "LIFE",
			Identifier: "LIFE-2026-STRAT-ENV-SIP-two-stage", Status: call.StatusOpen, Opens: day("2026-04-21"), Deadlines: days("2026-09-03", "2027-03-04"), DeadlineModel: "two-stage",
			BudgetEUR: 58_000_000, Language: "en", URL: portal + "topic-details/LIFE-2026-STRAT-ENV-SIP-two-stage"},
			FirstSeen: before, Results: []match.Result{result("miljo-klimat", .83,
				reason("Vatten, hav och biologisk mångfald hör hit.", "A region carries out its whole plan for «water» or waste, with partners and several funds.", "text", "vatten", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "51181644TOPICS", Kind: call.KindCall, Title: "I3-2026-INV1 - Interregional Innovation Investments Strand 1", Programme: "I3",
			Identifier: "I3-2026-INV1", Status: call.StatusForthcoming, Opens: day("2026-05-13"), Deadlines: days("2026-11-12"), BudgetEUR: 28_200_000, Language: "en",
			URL: portal + "topic-details/I3-2026-INV1"},
			FirstSeen: before, Gone: seen, Results: []match.Result{result("forskning-innovation", .8,
				reason("Universitet och regioner ska bygga upp förmågan att leda europeiska projekt.", "Regions «invest together» in what their companies have invented.", "text", "investeringar", 3))}},
		{Call: call.Call{Source: "have-your-say", Ref: "16238", Kind: call.KindConsultation, Title: "Revision of the Maritime Spatial Planning Directive/the Ocean Act", Programme: "Have Your Say",
			Status: call.StatusOpen, Deadlines: days("2026-07-16"), Language: "en", URL: "https://have-your-say.ec.europa.eu/initiatives/16238",
			Translations: []call.Translation{{Language: "sv", Title: "Översyn av direktivet om havsplanering (havsakten)"}}},
			FirstSeen: seen, Results: []match.Result{result("miljo-klimat", .77,
				reason("Vatten, hav och biologisk mångfald hör hit.", "The Commission asks how plans for the «sea» should be made and followed.", "text", "hav", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "50150091TOPICS", Kind: call.KindCall, Title: "Research Management Facility", Programme: "HORIZON", Identifier: "HORIZON-WIDERA-2026-04-WIDENING-01",
			Status: call.StatusOpen, Opens: day("2026-04-23"), Deadlines: days("2026-09-24"), BudgetEUR: 7_000_000, Grants: 1, MinEUR: 7_000_000, MaxEUR: 7_000_000, Language: "en",
			URL: portal + "topic-details/HORIZON-WIDERA-2026-04-WIDENING-01"},
			FirstSeen: before, Results: []match.Result{result("forskning-innovation", .79,
				reason("Universitet och regioner ska bygga upp förmågan att leda europeiska projekt.", "The action trains «research managers» and pays for exchanges between their offices.", "text", "projektledning", 3))}},
		{Call: call.Call{Source: "ft-portal", Ref: "50464110TOPICS", Kind: call.KindCall, Title: "Innovation for regional rail services and new guided transport systems", Programme: "HORIZON",
			Identifier: "HORIZON-JU-ER-2026-FA6FA7-01", Status: call.StatusOpen, Opens: day("2026-02-04"), Deadlines: days("2026-05-07T17:00:00+02:00"), BudgetEUR: 3_100_000, Grants: 1,
			MinEUR: 3_100_000, MaxEUR: 3_100_000, Language: "en", URL: portal + "topic-details/HORIZON-JU-ER-2026-FA6FA7-01"},
			FirstSeen: before, Results: []match.Result{result("infrastruktur-cef", .86,
				reason("Järnväg, väg, hamnar och flyg i norr hör hit.", "Lines with little traffic get «regional rail» at a cost that they can bear.", "text", "järnväg", 4))}},
		{Call: call.Call{Source: "ft-portal", Ref: "10304COMPETITIVE_CALL", Kind: call.KindCall, Title: "BOOST Call for Proposals", Programme: "HORIZON", Call: "HORIZON-EIC-2024-BOOSTER",
			Identifier: "10304COMPETITIVE_CALL", Status: call.StatusOpen, Opens: day("2025-03-06"), DeadlineModel: "multiple cut-off",
			Deadlines: days("2025-04-08", "2025-05-06", "2025-06-03", "2025-09-09", "2025-11-04", "2026-01-12", "2026-02-09", "2026-03-09", "2026-04-13", "2026-05-11", "2026-06-08"),
			Language:  "en", URL: portal + "competitive-calls-cs/10304"},
			FirstSeen: before, Results: []match.Result{result("naringsliv", .58,
				reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "«Start-ups» get help to test what they sell.", "text", "uppstartsbolag", 2))}},
		{Call: call.Call{Source: "energimyndigheten", Ref: "c6f00efcf1d1", Kind: call.KindCall, Title: "Laddinfrastruktur för tunga vägtransporter på fastigheter med lastning och lossning",
			Programme: "Energimyndigheten", Status: call.StatusOpen, Deadlines: days("2026-05-05"), Language: "sv",
			URL: "https://www.energimyndigheten.se/utlysningar/laddinfrastruktur-for-tunga-vagtransporter-pa-fastigheter-med-lastning-och-lossning/"},
			FirstSeen: before, Results: []match.Result{result("infrastruktur-cef", .81,
				reason("Laddning och tankning av tunga fordon hör hit.", "«Laddinfrastruktur» för tunga vägtransporter på fastigheter med lastning och lossning", "title", "laddinfrastruktur", 5))}},
		{Call: call.Call{Source: "ft-portal", Ref: "51160001TOPICS", Kind: call.KindCall, Title: "The European Capital of Innovation Award iCapital Category", Programme: "HORIZON",
			Identifier: "HORIZON-EIC-2026-PRIZE-ICAPITAL-01", Status: call.StatusForthcoming, Opens: day("2026-05-05"), Deadlines: days("2026-08-04"), BudgetEUR: 1_800_000, Language: "en",
			URL: portal + "topic-details/HORIZON-EIC-2026-PRIZE-ICAPITAL-01"},
			FirstSeen: before, Results: []match.Result{result("forskning-innovation", .55,
				reason("Universitet och regioner ska bygga upp förmågan att leda europeiska projekt.", "Cities show how they help new ideas into «use».", "text", "innovation", 2))}},
		// Stale: open by its source, though its last day has passed.
		{Call: call.Call{Source: "ft-portal", Ref: "50400001TOPICS", Kind: call.KindCall, Title: "Erasmus for Young Entrepreneurs", Programme: "SMP", Identifier: "SMP-COSME-2026-EYE",
			Status: call.StatusOpen, Deadlines: days("2026-04-21"), BudgetEUR: 30_000_000, Language: "en"},
			FirstSeen: before, Results: []match.Result{result("naringsliv", .8, reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "«Entrepreneurs» visit each other.", "text", "företagare", 3))}},
		// Far away: neither new nor near.
		{Call: call.Call{Source: "ft-portal", Ref: "51084983TOPICS", Kind: call.KindCall, Title: "Nature and Biodiversity", Programme: "LIFE", Identifier: "LIFE-2026-SAP-NAT-NATURE",
			Status: call.StatusOpen, Opens: day("2026-04-21"), Deadlines: days("2026-09-22"), BudgetEUR: 173_500_000, Language: "en", URL: portal + "topic-details/LIFE-2026-SAP-NAT-NATURE"},
			FirstSeen: before, Results: []match.Result{result("miljo-klimat", .9, reason("Vatten, hav och biologisk mångfald hör hit.", "Nature and «Biodiversity»", "title", "biologisk mångfald", 4))}},
		// Ours to nobody: another department's.
		{Call: call.Call{Source: "ft-portal", Ref: "50000007TOPICS", Kind: call.KindCall, Title: "Oral health in an ageing Europe", Programme: "EU4H", Status: call.StatusOpen, Deadlines: days("2026-06-30"), Language: "en"},
			FirstSeen: seen, Results: []match.Result{result("tandvard", .9, reason("Munhälsa och tandvård hör hit.", "«Oral health» in an ageing Europe", "title", "munhälsa", 5))}},
	}
}

func fixtureSources() []SourceState {
	at := func(h, m int) time.Time { return time.Date(2026, 4, 23, h-2, m, 0, 0, time.UTC) }
	return []SourceState{
		{ID: "ft-portal", Name: "EU:s portal för finansiering", Started: at(6, 5), Ended: at(6, 10), State: watch.OK, Complete: true, Seen: 772, Added: 5, Changed: 4},
		{ID: "have-your-say", Name: "Have Your Say", Started: at(6, 10), Ended: at(6, 11), State: watch.OK, Complete: true, Seen: 45, Added: 1},
		{ID: "energimyndigheten", Name: "Energimyndigheten", Started: at(6, 11), Ended: at(6, 12), State: watch.Quiet, Complete: true, Seen: 31},
	}
}

func change(seq int64, key string, e call.Event, field, old, new string) call.Change {
	k, err := call.ParseKey(key)
	if err != nil {
		panic(err) // a fixture's own mistake
	}
	return call.Change{Seq: seq, At: time.Date(2026, 4, 23, 4, 10, 0, 0, time.UTC), Source: k.Source, Ref: k.Ref, Event: e, Field: field, Old: old, New: new, Material: true}
}

func wording(c call.Change) call.Change {
	c.Material = false
	return c
}

func normalDay() Input {
	return Input{
		Plan: fixturePlan(), Department: "regional-utveckling", Date: "2026-04-23", Now: now, Language: "sv",
		Calls: fixtureCalls(), Sources: fixtureSources(),
		Changes: []call.Change{
			change(101, "ft-portal/51121646TOPICS", call.EventNew, "", "", ""),
			change(102, "ft-portal/13881COMPETITIVE_CALL", call.EventNew, "", "", ""),
			change(103, "ft-portal/49669831TOPICS", call.EventNew, "", "", ""),
			change(104, "ft-portal/51454502TOPICS", call.EventNew, "", "", ""),
			change(105, "ft-portal/50000007TOPICS", call.EventNew, "", "", ""),
			change(106, "ft-portal/50563532TOPICS", call.EventDeadlines, "deadlines", "2026-05-07", "2026-05-20"),
			change(107, "ft-portal/50563532TOPICS", call.EventDeadlines, "deadlines", "2026-05-20", "2026-05-21"),
			change(108, "ft-portal/50563532TOPICS", call.EventBudget, "budget_eur", "5900000", "6900000"),
			change(109, "ft-portal/51121573TOPICS", call.EventDeadlines, "deadlines", "2026-09-03", "2026-09-03, 2027-03-04"),
			change(110, "ft-portal/51181644TOPICS", call.EventWithdrawn, "", "", ""),
			change(111, "have-your-say/16238", call.EventNew, "", "", ""),
			change(112, "ft-portal/50150091TOPICS", call.EventOpened, "status", "forthcoming", "open"),
			wording(change(113, "ft-portal/51084983TOPICS", call.EventText, "text", "5120", "5124")),
			wording(change(114, "ft-portal/51121646TOPICS", call.EventTitle, "title", "Cooperation among energy communities", "Facilitating cooperation among energy communities")),
			change(115, "ft-portal/50400001TOPICS", call.EventBudget, "budget_eur", "29000000", "30000000"),
			change(116, "ft-portal/10304COMPETITIVE_CALL", call.EventDeadlines, "deadlines", "2026-04-13, 2026-05-11, 2026-06-08", "2026-05-11, 2026-06-08"),
		},
	}
}

// baselineDay is the day on which the first source was read for the first time.
func baselineDay() Input {
	in := normalDay()
	in.Calls[6].Gone = time.Time{} // the withdrawn one is still there
	in.Sources = in.Sources[:1]
	in.Sources[0].Added, in.Sources[0].Changed, in.Sources[0].Baseline = 772, 0, true
	in.Changes = nil
	for i := range in.Calls {
		if c := in.Calls[i].Call; c.Source == "ft-portal" {
			ch := change(int64(i+1), c.Key().String(), call.EventNew, "", "", "")
			ch.Baseline = true
			in.Changes = append(in.Changes, ch)
		}
	}
	return in
}

// emptyDay is a day on which everything was read and nothing came.
func emptyDay() Input {
	in := normalDay()
	in.Changes = nil
	in.Calls = in.Calls[:1]
	for i := range in.Sources {
		in.Sources[i].State, in.Sources[i].Added, in.Sources[i].Changed = watch.Quiet, 0, 0
	}
	return in
}

// brokenDay is a day on which sources failed in every way, and items are held.
func brokenDay() Input {
	in := normalDay()
	in.Changes = in.Changes[:2]
	s := in.Sources
	s[0].Quarantined, s[0].Changed = 7, 0
	s[1].State, s[1].Complete, s[1].Seen, s[1].Added, s[1].Error = watch.Broken, false, 0, 0, "source have-your-say: GET https://ec.europa.eu/info/law/better-regulation/brpapi/searchInitiatives: status 503"
	in.Sources = append(s,
		SourceState{ID: "vinnova", Name: "Vinnova", State: watch.Incomplete, Started: s[0].Started, Ended: s[0].Ended, Seen: 12, Error: "page 2: timeout"},
		SourceState{ID: "formas", Name: "Formas", State: watch.Quarantined, Started: s[0].Started, Ended: s[0].Ended, Complete: true, Seen: 980, Added: 941},
		SourceState{ID: "nordforsk", Name: "NordForsk", State: watch.Late, Started: now.Add(-50 * time.Hour), Ended: now.Add(-50 * time.Hour), Complete: true, Seen: 9},
		SourceState{ID: "formas-thin", Name: "Formas kalender", State: watch.Incomplete, Started: s[0].Started, Ended: s[0].Ended, Complete: true, Seen: 31},
		SourceState{ID: "urbact", Name: "URBACT", State: watch.Late})
	for i := range 7 {
		in.Held = append(in.Held, Held{Key: call.Key{Source: "ft-portal", Ref: fmt.Sprintf("4683%d000TOPICS", i)}, Title: fmt.Sprintf("Gammal utlysning %d", i+1),
			Reason: "stale: listed as open although its last deadline was 2024-02-07", Since: time.Date(2026, 4, 22, 4, 0, 0, 0, time.UTC)})
	}
	in.Held[6].Since = time.Time{}
	in.Held = append(in.Held, Held{Key: call.Key{Source: "ft-portal", Ref: "13881COMPETITIVE_CALL"}, Title: "RIVCircular", Reason: "crowd: came together with unusually many other new calls", Since: now})
	in.Held[5].Since = now
	return in
}

// longDay has 40 new calls in two priorities.
func longDay() Input {
	in := normalDay()
	in.Changes = nil
	in.Calls = nil
	for i := range 40 {
		p, plans := "miljo-klimat", "Lokal och regional energiomställning hör hit."
		if i%4 == 3 {
			p, plans = "naringsliv", "Små och medelstora företag ska kunna växa och nå nya marknader."
		}
		ref := fmt.Sprintf("%dTOPICS", 51130000+i)
		in.Calls = append(in.Calls, Item{Call: call.Call{Source: "ft-portal", Ref: ref, Kind: call.KindCall, Title: fmt.Sprintf("Clean energy transition, part %d", i+1),
			Programme: "LIFE", Identifier: fmt.Sprintf("LIFE-2026-CET-%02d", i+1), Status: call.StatusOpen, Deadlines: days("2026-09-16"), BudgetEUR: 6_000_000, Language: "en",
			URL: portal + "topic-details/" + ref},
			Results: []match.Result{result(p, .9-float64(i%3)/10, reason(plans, "Households and «towns» save energy together.", "text", "energi", 3))}})
		in.Changes = append(in.Changes, change(int64(i+1), "ft-portal/"+ref, call.EventNew, "", "", ""))
	}
	in.More = "https://utkik.example.se/brev/regional-utveckling/2026-04-23"
	return in
}

// hostileDay is what a careless or malicious source may publish.
func hostileDay() Input {
	in := normalDay()
	in.Calls = in.Calls[:2]
	in.Changes = in.Changes[:2]
	a, b := &in.Calls[0].Call, &in.Calls[1].Call
	a.Title = "</h4><script>alert(1)</script> <img src=x onerror=alert(2)>\r\nSubject: hej\u202e bakvänt\u2066 \u200e" + "Ord ord ord. "
	for len(a.Title) < 4000 {
		a.Title += "ännu fler ord och "
	}
	a.URL = "javascript:alert(3)"
	a.Programme, a.Eligible = "LIFE\nBcc: alla@example.se", "<b>Vem som helst</b> & \"alla\""
	in.Calls[0].Results[0].Reasons[1].CallText = "Projects «help <i>everybody</i> & " + a.Title + "» to the end."
	b.Title, b.Language = "\u202bمنح للشركات الصغيرة\u202c", "ar"
	b.URL = "https://konto:losen@example.org/"
	b.Identifier = "<" + fmt.Sprint(make([]int, 60)) + ">"
	in.Held = []Held{{Key: call.Key{Source: "ft-portal", Ref: "x"}, Title: "<script>\n", Reason: "</p>\u0000 konstigt"}}
	in.Plan.Departments[0].Name = "Regional\r\nutveckling"
	in.More = "javascript:alert(4)"
	return in
}
