package web

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/token"
)

// pagesOf are the addresses by which the tests walk through the site, each to be asked for in both languages.
var pagesOf = []string{
	query("q", "raiilway"),
	query("q", "rail freight"),
	query("q", "rail", "words", "typed"),
	"/",
	query("q", "rail"),
	query("q", ""),
	query("q", "", "page", "2"),
	query("q", "zzzunknownword"),
	query("q", "zzzunknownword", "status", "open"),
	query("q", `"open quote`, "status", "open", "sort", "deadline"),
	query("q", "järnväg", "sort", "newest"),
	query("q", "", "priority", "miljo", "status", "closed", "programme", "NONE"),
	query("q", "", "programme", "PROG03", "programme", "PROG11"),
	query("q", "", "kind", "consultation"),
	query("q", "rail", "kind", "news"),
	query("q", "glesbygd", "status", "closed", "kind", "consultation"),
	"/save?q=rail&status=open",
	"/save?q=",
	query("q", "", "deadline", "3m", "budget", "1m-5m", "action_type", "infra"),
	"/call/ft-portal/RAIL-1",
	"/call/ft-portal/RAIL-1?wrong=1",
	"/call/ft-portal/BULK-00",
	"/call/ft-portal/BULK-01",
	"/call/have-your-say/14000",
	"/call/ft-portal/a%2F%2Fb:c",
	"/call/cinea/vind",
	"/call/cinea/alla",
	query("q", "planned wind"),
	"/call/ft-portal/EuropeAid/1/DD",
	"/call/ft-portal/TOMORROW",
	"/call/ft-portal/GONE",
	"/call/ft-portal/HOSTILE",
	"/call/ft-portal/RTL",
	"/call/ft-portal/LONG",
	"/call/have-your-say/14001",
	"/call/have-your-say/14002",
	"/call/ft-portal/never-seen",
	"/nothing/here",
	"/about",
	"/digests",
	"/digests/department/miljo/2026-07-27",
	"/digests/department/miljo/2026-01-01",
	"/digests/department/none/2026-07-27",
	"/digests/mail/miljokontoret/2026-07-27",
	"/digests/mail/miljokontoret/2026-07-24",
	"/digests/mail/miljokontoret/2026-07-25",
	"/digests/mail/privat/2026-07-27",
	viewed("miljokontoret", "miljo@example.org", "2026-07-27"),
	viewed("miljokontoret", "miljo@example.org", "2026-07-25"),
	"/sources",
	"/sources/ft-portal",
	"/sources/have-your-say",
	"/sources/cinea",
	"/sources/never",
	"/sources/nyheter",
	"/sources/none",
	"/deadlines",
	"/plan",
	"/plan/miljo",
	"/plan/kultur",
	"/plan/arktis",
	"/plan/tandvard",
	"/plan/none",
	"/deadlines?for=all&kind=call",
	"/deadlines?for=department:miljo&kind=consultation",
	"/deadlines?for=priority:kultur&from=2031-01",
	"/deadlines?for=all&from=2025-04",
	"/deadlines?for=x&kind=y&from=zz",
	act(token.Follow, "kultur", "RAIL-1"),
	act(token.NotRelevant, "kultur", "TOMORROW"),
	act(token.NotRelevant, "kultur", "HOSTILE") + "?wrong=1",
	act(token.Take, "kultur", "BULK-00"), // is so already
	act(token.Answer, "kultur", "RTL"),
	act(token.Unsubscribe, "kultur", ""),
	act(token.Pause, "kultur", ""),
	act(token.Pause, "kultur", "") + "?wrong=1",
	act(token.Pause, "vilar", ""), // is so already
	"/act/damaged",
	"/feeds",
}

func in(lang, address string) string {
	if lang == languages[0] {
		return address
	}
	if strings.Contains(address, "?") {
		return address + "&lang=" + lang
	}
	return address + "?lang=" + lang
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := site(t)
	rows := []struct {
		name, address string
		status        int
		has           []string // of the text, without tags
		not           []string
	}{
		{"what can be acted on", "/", 200, []string{"54 träffar sida 1 av 3", "Ta bort: Öppen ×", "Ta bort: Kommande ×", "Railway links to the north", "Planen: Miljö och klimat, Kultur, removed-since"}, []string{"Stale rail row", "Withdrawn rail call"}},
		{"an unknown parameter chooses nothing", "/?utm_source=mail&page=", 200, []string{"54 träffar"}, nil},
		{"English", "/?lang=en", 200, []string{"54 results page 1 of 3", "The plan: Environment and climate, Kultur", "Our plan. The facts"}, []string{"träffar", "Miljö och"}},
		{"an unknown language is Swedish", "/?lang=xx", 200, []string{"54 träffar"}, nil},
		{"everything", "/?q=", 200, []string{"59 träffar", "sida 1 av 3"}, []string{"Ta bort: "}},
		{"words", query("q", "rail"), 200, []string{"Bäst träff först", "Stale rail row", "Stängde söndag 1 mars 2026"}, nil},
		{"one hit", query("q", "glesbygd"), 200, []string{"1 träff", "Samråd om järnväg i glesbygd", "Sista dag onsdag 9 september 2026, om 43 dagar"}, []string{"sida 1"}},
		{"today and tomorrow", query("q", "", "sort", "deadline"), 200, []string{"Sista dag tisdag 28 juli 2026, i dag", "Sista dag onsdag 29 juli 2026, i morgon", "EuropeAid/1/DD"}, nil},
		{"one priority", query("priority", "kultur"), 200, []string{"1 träff", "Ta bort: Kultur ×"}, nil},
		{"one department in English", query("department", "kultur", "lang", "en"), 200, []string{"1 result", "Remove: Department: The culture department ×"}, nil},
		{"a department without an English name", query("department", "miljo", "lang", "en"), 200, []string{"1 result", "Remove: Department: Miljökontoret ×"}, nil},
		{"what is in no plan", query("department", "x", "priority", "y", "source", "z"), 200, []string{"Inga träffar", "Ta bort: Verksamhet: x ×", "Ta bort: y ×", "Ta bort: z ×", "Utan filter: 59 träffar"}, nil},
		{"nothing even without filters", query("q", "zzzunknownword", "status", "open"), 200, []string{"Inga träffar", "Prova färre ord"}, []string{"Utan filter"}},
		{"a filter to loosen", query("q", "glesbygd", "status", "closed", "kind", "consultation"), 200,
			[]string{"Inga träffar", "Ta bort: ”glesbygd” ×", "Utan filtret Status (1 träff)", "Utan filter: 1 träff"}, []string{"Utan filtret Typ"}},
		{"a word to loosen", query("q", `glesbygd zzzunknownword`), 200, []string{"Inga träffar", "Utan ”zzzunknownword” (1 träff)"}, []string{"Utan filter", "Utan ”glesbygd”"}},
		{"a word to loosen, in English", query("q", `glesbygd zzzunknownword`, "lang", "en"), 200, []string{"Nothing found", "Without “zzzunknownword” (1 result)"}, nil},
		{"a filter to loosen, in English", query("q", "glesbygd", "status", "closed", "kind", "consultation", "lang", "en"), 200,
			[]string{"Nothing found", "Remove: “glesbygd” ×", "Without the filter Status (1 result)"}, nil},
		{"ranges and forms", query("q", "", "deadline", "3m", "budget", "1m-5m", "action_type", "infra"), 200, []string{
			"1 träff", "Railway links", "Ta bort: Inom 3 månader ×", "Ta bort: 1–5 miljoner euro ×", "Ta bort: Infrastruktur och bygge ×", "Inom 12 månader (1)"}, nil},
		{"ranges and forms in English", query("q", "", "deadline", "3m", "budget", "1m-5m", "action_type", "infra", "lang", "en"), 200,
			[]string{"1 result", "Remove: Within 3 months ×", "EUR 1–5 million", "Infrastructure and works"}, nil},
		{"what nobody knows of a scale", query("q", "", "deadline", "soon"), 200, []string{"Inga träffar", "Ta bort: soon ×"}, nil},
		{"the last page", query("q", "", "page", "3"), 200, []string{"sida 3 av 3", "Föregående sida"}, []string{"Nästa sida"}},
		{"behind the last page", query("q", "", "page", "1000000000"), 200, []string{"sida 3 av 3"}, []string{"Prova färre ord"}},
		{"far behind the last page", query("q", "", "page", strings.Repeat("9", 40)), 200, []string{"sida 3 av 3"}, nil},
		{"a page that is none", query("q", "", "page", "-7"), 200, []string{"sida 1 av 3"}, nil},
		{"an order that is none", query("q", "rail", "sort", "bogus"), 200, []string{"Railway"}, nil},
		{"an open quote", query("q", `"open quote`), 400, []string{"Sökningen gick inte att förstå: "}, []string{"träffar"}},
		{"an open quote in English", query("q", `"open quote`, "lang", "en"), 400, []string{"The search could not be understood: "}, nil},
		{"10 KB", query("q", strings.Repeat("järnväg ", 1200)), 400, []string{"Sökningen gick inte att förstå: "}, nil},
		{"words of the other language", query("q", "järnväg"), 200, []string{"Också sökt efter: rail, railway.", "Sök bara efter orden som de är skrivna", "Railway links to the north"}, nil},
		{"the words as typed alone", query("q", "järnväg", "words", "typed"), 200, []string{"Sökt bara efter orden som de är skrivna. Sök också på det andra språket"}, []string{"Också sökt efter"}},
		{"a mistyped word", query("q", "raiilway", "lang", "en"), 200, []string{"Did you mean: railway", "Railway links to the north"}, nil},
		{"a zero byte", "/?q=rail%00way", 200, []string{"träff"}, nil},
		{"bytes that are no letters", "/?q=%ff%fe&status=%ff&programme=%00", 200, []string{"Inga träffar"}, nil},
		{"a query that cannot be read", "/?q=%zz;&lang=en", 200, []string{"results"}, nil},
		{"a call", "/call/ft-portal/RAIL-1", 200, []string{
			"Railway links to the north", "Öppen Sista dag tisdag 4 augusti 2026 kl. 17.00, om 7 dagar", "Läs hos källan (example.eu)",
			"Planen: Hit hör tåg. Ur titeln: Railway links to the north 3,0 poäng", "Planen: Räls och broar 1,0 poäng Planen: Tre",
			"Talar emot Planen: Inte fartyg Ur texten: no ships 1,0 poäng", "Samordna med: Europaforum (EFNS), BK",
			"Öppnade fredag 1 maj 2026", "4 500 000 euro", "200 000 euro – 1 000 000 euro", "Väntade bidrag 12", "Vem kan söka Public bodies.",
			"Fanns redan när bevakningen av källan började", "Finns åter hos källan", "Sista dag ändrades: från lördag 1 augusti 2026; tisdag 2 mars 2027 till tisdag 4 augusti 2026; tisdag 2 mars 2027",
			"Budgeten ändrades: från 4 000 000 euro till 4 500 000 euro", "Rubriken ändrades, efter att vår läsning rättades: från Railway till <script>",
			"Beteckningen ändrades: nu CEF-T-2026-RAIL", "En uppgift ändrades (texten) Visa ändringen ord för ord", "We pay for: borttaget: railstillagt: tracks bridges",
			"Webbsida som text, hämtat måndag 27 juli 2026", "PDF-fil, hämtat", "SHA-256 ",
			"En uppgift ändrades (typ): från Planerad utlysning till Utlysning", "En uppgift ändrades (vem kan söka): förut long long", "Statusen ändrades: från Stängd till Öppen", "Försvann från källan",
			"We pay for: tracks bridges",
		}, []string{"fjärde"}},
		{"calls of the same call", "/call/ft-portal/BULK-01", 200, []string{"Liknande Forest call 28 Öppen", "Samma utlysning: FOREST-1. Samma ämnesord: forests"}, []string{"Inget original är sparat för den här. Webbsida"}},
		{"what is decided", "/call/ft-portal/BULK-00", 200, []string{"Beslut Kulturen tar den tisdag 28 juli 2026"}, []string{"För vilken verksamhet?"}},
		{"what one recipient decided", "/call/ft-portal/BULK-01", 200, []string{"Ingen har beslutat något än."}, []string{"trees"}},
		{"a call in English", "/call/ft-portal/RAIL-1?lang=en", 200, []string{"Open Deadline Tuesday 4 August 2026 17:00, in 7 days", "EUR 4,500,000", "Coordinate with: Europaforum (called EFNS), BK", "Environment and climate", "Stood there already", "EU portal"}, []string{"Öppnade"}},
		{"a call whose match no digest would carry", "/call/ft-portal/TOMORROW", 200, []string{"Den hör inte till någon av planens prioriteringar.", "Per projekt 70 000 euro", "Källan ger ingen text"}, []string{"Nej", "Läs hos källan ("}},
		{"a call that left its source", "/call/ft-portal/GONE", 200, []string{"Stängd Sista dag torsdag 1 oktober 2026 Finns inte längre hos källan sedan söndag 26 juli 2026."}, []string{"om 65 dagar"}},
		{"a call closed before its time", "/call/have-your-say/14002", 200, []string{"Stängd Sista dag torsdag 10 september 2026 Typ"}, nil},
		{"a forthcoming call with slashes", "/call/ft-portal/a%2F%2Fb:c", 200, []string{"Kommande Öppnar tisdag 1 september 2026, om 35 dagar"}, nil},
		{"a call that others publish", "/call/ft-portal/a%2F%2Fb:c", 200, []string{
			"Källorna anger olika sista dag: tisdag 1 december 2026 enligt EU:s portal; fredag 20 november 2026 enligt cinea.",
			"Även hos cinea: Vindkraft: sök stöd (Sista dag fredag 20 november 2026)", "Läs hos källan (example.se)", "Samma beteckning: ”Reference: <script>",
			"nyheter: Vind i seglen Kopplad för hand: läst på sidan", "Del av cinea: Alla ämnen"}, nil},
		{"what others publish, in English", "/call/cinea/vind?lang=en", 200, []string{"The sources state different last days: Friday 20 November 2026 according to cinea; Tuesday 1 December 2026 according to EU portal.",
			"Also at EU portal: A planned call for wind", "The same identifier: “WIND-1”"}, nil},
		{"a whole call", "/call/cinea/alla", 200, []string{"Har ämnena EU:s portal: A planned call for wind"}, []string{"Även hos"}},
		{"one hit for a call that others publish", query("q", "planned wind"), 200, []string{"1 träff", "Även hos cinea, nyheter"}, nil},
		{"found by what only another source says", query("q", "vindkraft"), 200, []string{"1 träff", "Vindkraft: sök stöd", "Även hos EU:s portal, nyheter"}, nil},
		{"a consultation with its stages", "/call/have-your-say/14000", 200, []string{"Samråd om järnväg i glesbygd", "Call for evidence tisdag 7 januari 2025 – tisdag 4 februari 2025 passerat",
			"Public consultation måndag 1 juni 2026 – Svara senast onsdag 9 september 2026 om 43 dagar", "Draft act måndag 1 mars 2027 om 216 dagar Commission adoption", "Dokument och sidor Frågorna example.eu"}, []string{"farlig", "Rubrik hos källan"}},
		{"a title in the reader's language", "/call/have-your-say/14000?lang=en", 200, []string{"Consultation on thin traffic", "Title at the source Samråd om järnväg i glesbygd"}, nil},
		{"a call without title", "/call/ft-portal/EuropeAid/1/DD", 200, []string{"EuropeAid/1/DD"}, nil},
		{"a notice without dates", "/call/have-your-say/14001", 200, []string{"Status okänd Ingen sista dag angiven", "Nyhet", "Tyck till"}, nil},
		{"a call that is planned for no day", "/call/have-your-say/14003", 200, []string{"Väntas öppna Q1 2027", "Tidslinje Väntas öppna Q1 2027"}, []string{"Ingen sista dag"}},
		{"a call without history", "/call/ft-portal/RTL", 200, []string{"Inget har ändrats."}, nil},
		{"last days that concern the plan", "/deadlines", 200, []string{"Juli 2026 till juni 2027", "Antal sista dagar: 3, i 2 utlysningar och samråd.", "Augusti 2026 (1) September 2026 (1) Mars 2027 (1)",
			"4 tisdag kl. 17.00 om 7 dagar Railway links to the north Utlysning · datum 1 av 2 · Miljö och klimat · Kultur"}, []string{"Forest call"}},
		{"all last days, in English", "/deadlines?for=all&lang=en", 200, []string{"Number of deadlines: 56, of 55 calls and consultations.", "Most of them fall in December 2026: 45.", "Today, Tuesday 28 July 2026", "Forest call", "Planned calls", "Q1 2027 Kommer med tiden"}, nil},
		{"the plan", "/plan", 200, []string{"Vår plan", "Miljö och klimat Öppna utlysningar: 1", "Nytt de senaste tolv månaderna: 1. Per månad från augusti 2025 till juli 2026: 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0.",
			"Stänger härnäst Railway links to the north Sista dag tisdag 4 augusti 2026 kl. 17.00, om 7 dagar", "Tandvård Inget är öppet eller på väg just nu. Inget nytt har kommit på ett år.",
			"Europaforum (EFNS) Politiskt forum.Samordnas här: Miljö och klimat", "BKSamordnas här: Miljö och klimat, Arktis"}, nil},
		{"a priority in English", "/plan/miljo?lang=en", 200, []string{"Environment and climate Water and air. Open calls: 1", "vatten* / water, waters", "Under the goal: A goal; Ett mål till"}, nil},
		{"no priority", "/plan/none", 404, []string{"Sidan finns inte"}, nil},
		{"the sources", "/sources", 200, []string{"Källor som bevakas: 4. Läses som de ska: 1. Behöver ses till: 3.", "cinea Läses inte i sin helhet sedan måndag 27 juli 2026 kl. 13.01 Hålls kvar: 51",
			"never Inte läst i tid aldrig läst", "EU:s portal Läst, inget nytt", "Kända källor som inte bevakas nyheter, off"}, nil},
		{"a source in trouble", "/sources/cinea", 200, []string{"Läses inte i sin helhet sedan", "Det kan finnas nytt där som inte syns här.", "Som programmet säger det: source cinea: GET https://www.example.se/: status 503",
			"En uppgift som brukar finnas saknas helt: sista dag.", "Står som öppen fast sista dagen har passerat.", "Och 1 till.", "Läses med 2 dagars mellanrum."}, nil},
		{"a source that is read, in English", "/sources/have-your-say?lang=en", 200, []string{"New items held back", "Going on", "Kept pages were read anew", "So strange that what is new waits", "Read every week."}, nil},
		{"no source", "/sources/none", 404, []string{"Sidan finns inte"}, nil},
		{"about the service", "/about", 200, []string{"Utkik läser just nu 4 källor och ställer det som står där mot Vår plan och dess 4 prioriteringar.", "Vad mejlen sa sparas i 400 dagar", "Vem som har ändrat vad står i en logg tills vidare.", "svårt att använda: hjalp@example.org"}, []string{"får en kaka"}},
		{"what was told", "/digests", 200, []string{"MiljökontoretMiljökontoretNyheter poster: 3Väntar på att skickas sedan", "Mottagarens server tog inte emot det", "måndag 27 juli 2026: Kulturen, Miljökontoret"}, []string{"hemligt", "gone since"}},
		{"a weeded mail", "/digests/mail/miljokontoret/2026-07-24", 200, []string{"Vad mejlet sa är gallrat", "Till Miljökontoret Vad Nyheter Dag tisdag 28 juli 2026 Hur det gick Skickat tisdag 28 juli 2026"}, []string{"hemligt"}},
		{"a mail of an older form", "/digests/mail/miljokontoret/2026-07-25", 200, []string{"sparat i en äldre form"}, []string{"Ett mejl från förr"}},
		{"a mail of an older form, by its own link", viewed("miljokontoret", "miljo@example.org", "2026-07-25"), 200, []string{"sparat i en äldre form", "Ett mejl från förr"}, nil},
		{"a department's day in English", "/digests/department/miljo/2026-07-27?lang=en", 200, []string{"As it was written on Tuesday 28 July 2026, all of it.", "Railway links to the north"}, nil},
		{"no last days", "/deadlines?for=priority:kultur&from=2031-01", 200, []string{"Inga sista dagar under de här månaderna."}, nil},
		{"a missing call", "/call/ft-portal/NO", 404, []string{"Det gick inte", "Sidan finns inte"}, nil},
		{"a missing call in English", "/call/ft-portal/NO?lang=en", 404, []string{"That did not work", "There is no such page"}, []string{"Sidan"}},
		{"a zero byte for a call", "/call/ft-portal/%00", 404, []string{"Sidan finns inte"}, nil},
		{"no call at all", "/call/ft-portal/", 404, []string{"Sidan finns inte"}, nil},
		{"no folder", "/static/", 404, []string{"Sidan finns inte"}, nil},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := get(t, s, tt.address)
			text := plain(w.Body.String())
			if w.Code != tt.status {
				t.Errorf("%.200s: status %d, want %d", tt.address, w.Code, tt.status)
			}
			for _, want := range tt.has {
				if !strings.Contains(text, want) {
					t.Errorf("%.200s: no %q in: %.900s", tt.address, want, text)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) {
					t.Errorf("%.200s: has %q: %.900s", tt.address, not, text)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := site(t)
	style, _ := url.Parse(s.style)
	for _, tt := range []struct{ method, address, kind, cache string }{
		{"GET", "/", "text/html; charset=utf-8", "private, no-cache"},
		{"HEAD", "/", "text/html; charset=utf-8", "private, no-cache"},
		{"GET", "/call/ft-portal/NO", "text/html; charset=utf-8", "private, no-cache"},
		{"POST", "/", "text/html; charset=utf-8", "private, no-cache"},
		{"GET", style.String(), "text/css; charset=utf-8", "public, max-age=86400"},
		{"GET", "/static/icon.svg", "image/svg+xml", "public, max-age=86400"},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.address, nil))
		want := http.Header{
			"Content-Type": {tt.kind}, "Cache-Control": {tt.cache}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
			"Cross-Origin-Opener-Policy": {"same-origin"}, "Cross-Origin-Resource-Policy": {"same-origin"},
			"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		}
		got := http.Header{}
		for k := range want {
			got[k] = w.Header()[k]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s %s: headers (-want +got):\n%s", tt.method, tt.address, d)
		}
	}
}

// TestLanguageStays follows every link and form of every page: within the site each keeps the reader's language, leads
// to a page in it, and the one that changes it leads to the same page.
func TestLanguageStays(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, lang := range languages {
		followed := map[string]bool{}
		for _, address := range pagesOf {
			page := document(t, get(t, s, in(lang, address)).Body.String())
			page.Find("a[href^='/']:not([download]):not([rel=nofollow])").Each(func(_ int, a *goquery.Selection) {
				href, want := a.AttrOr("href", ""), lang
				if other, ok := a.Attr("hreflang"); ok {
					want = other
				}
				if followed[href] || strings.HasPrefix(href, "/api") { // that is another room's
					return
				}
				followed[href] = true
				w := get(t, s, href)
				if got := document(t, w.Body.String()).Find("html").AttrOr("lang", ""); got != want {
					t.Errorf("%s: link %s leads to language %q, want %q", in(lang, address), href, got, want)
				}
				if ok := w.Code == 200 || a.Is("[hreflang]"); !ok {
					t.Errorf("%s: link %s: status %d", in(lang, address), href, w.Code)
				}
			})
			page.Find("form").Each(func(_ int, f *goquery.Selection) {
				if got := f.Find("input[name=lang]").AttrOr("value", languages[0]); got != lang {
					t.Errorf("%s: form sends language %q, want %q", in(lang, address), got, lang)
				}
			})
			switchTo := page.Find("a[hreflang]").AttrOr("href", "")
			back := document(t, get(t, s, switchTo).Body.String()).Find("a[hreflang]").AttrOr("href", "")
			here, _ := url.Parse(in(lang, address))
			there, _ := url.Parse(back)
			here.RawQuery, there.RawQuery = here.Query().Encode(), there.Query().Encode()
			if here.String() != there.String() {
				t.Errorf("there and back from %s: %s", here, there)
			}
		}
		if len(followed) < 60 {
			t.Errorf("%s: only %d links followed", lang, len(followed))
		}
	}
}

func document(t testing.TB, page string) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestFormsKeepChoices submits the form as a browser would: what was ticked, asked and ordered stays.
func TestFormsKeepChoices(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, tt := range []struct {
		name, address string
		want          url.Values
	}{
		{"at first", "/", url.Values{"q": {""}, "status": {"open", "forthcoming"}}},
		{"with an order", query("q", "rail", "sort", "newest", "lang", "en"), url.Values{"q": {"rail"}, "sort": {"newest"}, "lang": {"en"}}},
		{"folded away", query("q", "", "programme", "PROG11", "status", "open"), url.Values{"q": {""}, "programme": {"PROG11"}, "status": {"open"}}},
		{"without a hit", query("q", "zzzunknownword", "kind", "news", "priority", "kultur"), url.Values{"q": {"zzzunknownword"}, "kind": {"news"}, "priority": {"kultur"}}},
		{"after a mistake", query("q", `"rail`, "kind", "call", "sort", "deadline"), url.Values{"q": {`"rail`}, "kind": {"call"}, "sort": {"deadline"}}},
	} {
		got := url.Values{}
		page := document(t, get(t, s, tt.address).Body.String())
		page.Find("#find input[name], input[form=find]").Each(func(_ int, i *goquery.Selection) {
			if _, on := i.Attr("checked"); on || i.AttrOr("type", "") != "checkbox" {
				got.Add(i.AttrOr("name", ""), i.AttrOr("value", ""))
			}
		})
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: the form sends (-want +got):\n%s", tt.name, d)
		}
	}
}

// TestHostileTexts makes sure that what a source says stays text.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, address := range append([]string{query("q", script), query("q", "alert"), query("programme", script), "/call/x/" + url.PathEscape(script)}, pagesOf...) {
		w := get(t, s, address)
		page := document(t, w.Body.String())
		if n := page.Find("script:not([src^='/static/utkik.js?v=']), script:not(:empty), img, iframe, object, style, [style]").Length(); n > 0 {
			t.Errorf("%s: %d elements that no page has", address, n)
		}
		page.Find("*").Each(func(_ int, e *goquery.Selection) {
			for _, a := range e.Nodes[0].Attr {
				if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s: <%s %s=%q>", address, e.Nodes[0].Data, a.Key, a.Val)
				}
			}
		})
	}
	call := get(t, s, "/call/ft-portal/HOSTILE").Body.String()
	if !strings.Contains(call, html.EscapeString("<script>")) {
		t.Error("the hostile title is not shown at all")
	}
	hits := get(t, s, query("q", "alert")).Body.String()
	if !strings.Contains(hits, "&lt;script&gt;") || !strings.Contains(hits, "<mark>alert</mark>") {
		t.Error("the hostile hit is not shown with its mark")
	}
	right := document(t, get(t, s, "/call/ft-portal/RTL").Body.String())
	if h := right.Find("h1"); h.AttrOr("dir", "") != "auto" || h.AttrOr("lang", "") != "he" {
		t.Error("a title in Hebrew says neither its direction nor its language")
	}
	if lang, ok := document(t, get(t, s, "/call/ft-portal/TOMORROW").Body.String()).Find("h1").Attr("lang"); ok {
		t.Errorf("language %q of a source went through", lang)
	}
	if title := document(t, get(t, s, "/call/ft-portal/LONG").Body.String()).Find("title").Text(); len([]rune(title)) > 120 {
		t.Errorf("the window's title has %d letters", len([]rune(title)))
	}
}

// TestBrokenStore shows what a reader sees when the store is gone: a sentence, and nothing of the cause.
func TestBrokenStore(t *testing.T) {
	t.Parallel()
	s := site(t)
	if err := s.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"/call/ft-portal/RAIL-1": s.texts["sv"].ProblemOurs, query("q", "rail", "lang", "en"): s.texts["en"].ProblemOurs,
	} {
		w := get(t, s, address)
		if body := plain(w.Body.String()); w.Code < 500 || !strings.Contains(body, want) || strings.Contains(body, "sql") {
			t.Errorf("%s: %d %s", address, w.Code, body)
		}
	}
}

// TestEveryBranch puts a mark into every branch of every template and asks for pages until all have been seen.
func TestEveryBranch(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.rows = 20
	var marks []string
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		for _, tmpl := range s.pages[name].Templates() {
			if tmpl.Tree == nil || tmpl.Name() == "status" && name != "search" || tmpl.Name() == "layout.html" && name != "search" {
				continue
			}
			branches(tmpl.Tree.Root, func(list *parse.ListNode, at string) {
				mark := fmt.Sprintf("mark%dkram", len(marks))
				marks = append(marks, tmpl.Name()+" of "+name+": "+at)
				// A space before it: within a tag it is an attribute of its own.
				list.Nodes = append(list.Nodes, &parse.TextNode{NodeType: parse.NodeText, Text: []byte(" " + mark + " ")})
			})
		}
	}
	seen := map[string]bool{}
	look := func(w *httptest.ResponseRecorder) {
		for i := range marks {
			if strings.Contains(w.Body.String(), fmt.Sprintf("mark%dkram", i)) {
				seen[marks[i]] = true
			}
		}
	}
	for _, lang := range languages {
		for _, address := range pagesOf {
			look(getAs(t, s, account.Actor{}, in(lang, address)))
			look(getAs(t, s, editor, in(lang, address)))
		}
	}
	look(getAs(t, s, editor, query("q", "rail", "saved", "kultur")))
	look(postAs(t, s, editor, "/save?q=rail", nil)) // without a name
	s.cfg.SignIn = true
	for _, actor := range []account.Actor{{}, {ID: "mail:anna@example.org", Role: account.Admin}, {}} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(account.With(t.Context(), actor), http.MethodGet, "/", nil))
		look(w)
		s.cfg.Anyone = account.Nobody // of the last: it must sign in
	}
	if len(marks) < 30 {
		t.Fatalf("only %d branches found", len(marks))
	}
	for _, m := range marks {
		if !seen[m] {
			t.Errorf("never executed: %s", m)
		}
	}
}

// branches visits the bodies of all conditions and loops.
func branches(node parse.Node, visit func(list *parse.ListNode, at string)) {
	each := func(b *parse.BranchNode) {
		for _, list := range []*parse.ListNode{b.List, b.ElseList} {
			if list == nil {
				continue
			}
			branches(list, visit)
			visit(list, fmt.Sprintf("%s, line %d", b.Pipe, b.Line))
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			branches(c, visit)
		}
	case *parse.IfNode:
		each(&n.BranchNode)
	case *parse.WithNode:
		each(&n.BranchNode)
	case *parse.RangeNode:
		each(&n.BranchNode)
	}
}
