package link_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/link"
)

func read(t *testing.T, lines ...string) []link.Facts {
	t.Helper()
	var out []link.Facts
	for _, l := range lines {
		c, err := call.Decode([]byte(l))
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		out = append(out, link.Read(&c))
	}
	return out
}

func TestAddress(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"https://www.cinea.ec.europa.eu/calls/afif_en", "cinea.ec.europa.eu/calls/afif"},
		{"http://cinea.ec.europa.eu/calls/afif_sv/", "cinea.ec.europa.eu/calls/afif"},
		{"https://cinea.ec.europa.eu/calls/afif?utm_source=x&b=2&A=1#top", "cinea.ec.europa.eu/calls/afif?a=1&b=2"},
		{"https://formas.se/en/calls/x.html", "formas.se/calls/x"},
		{"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=COM:2023:240:FIN", "eur-lex.europa.eu/legal-content/en/txt?uri=COM:2023:240:FIN"},
		{"https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/HORIZON-CL5-2026-D3-01-05;callCode=null?keywords=x",
			"ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/horizon-cl5-2026-d3-01-05"},
		{"https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/13715-Aid-to-the-most-deprived/public-consultation_en", "have-your-say/13715"},
		{"https://have-your-say.ec.europa.eu/initiatives/13715/F_en?p_id=1", "have-your-say/13715"},
		{"https://webgate.ec.europa.eu/prospect/external/publishedcalls.htm?callId=177773", "webgate.ec.europa.eu/prospect/external/publishedcalls?callid=177773"},
		{"https://ec.europa.eu/", ""},
		{"https://www.vinnova.se/en/", ""},
		{"mailto:a@b.se", ""},
		{"://", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := link.Address(tt.in); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		want       string // codes with their places
	}{
		{"labelled", `{"source":"s","ref":"1","kind":"call","title":"T","text":"Reference: CEF-T-2026-AFIFGEN-UNIT\nDeadline 22 September"}`, "CEF-T-2026-AFIFGEN-UNIT 3"},
		{"lead and deep", `{"source":"s","ref":"1","kind":"call","title":"T","text":"Now LIFE-2026-SAP-CLIMA is open.` + strings.Repeat(" Much is said.", 40) + ` See also LIFE-2026-SAP-ENV."}`, "LIFE-2026-SAP-CLIMA 2, LIFE-2026-SAP-ENV 1"},
		{"hyphens not to be broken at", `{"source":"s","ref":"1","kind":"call","title":"HORIZON‑CL5‑2026‑D3‑01‑05: grids"}`, "HORIZON-CL5-2026-D3-01-05 4"},
		{"broken at a hyphen", `{"source":"s","ref":"1","kind":"call","title":"T","text":"The topic HORIZON-CL5-2026-D3- 01-05 is open"}`, "HORIZON-CL5-2026-D3-01-05 2"},
		{"in an address", `{"source":"s","ref":"1","kind":"call","title":"T","url":"https://x.eu/grants/cerv-2026-citizens-civ-call_en"}`, "CERV-2026-CITIZENS-CIV 4 slug"},
		{"a period of a programme is no code", `{"source":"s","ref":"1","kind":"call","title":"ERASMUS-plus-2021-2027 guide"}`, ""},
		{"words with hyphens are no code", `{"source":"s","ref":"1","kind":"call","title":"EU-drugs-strategy-2026-x and TEN-T 2026"}`, ""},
		{"proposals by EUR-Lex's number", `{"source":"s","ref":"1","kind":"news","title":"A proposal","identifier":"52026PC0155","url":"https://eur-lex.europa.eu/legal-content/EN/AUTO/?uri=CELEX%3A52026PC0123","text":"See 52026DC0140(01), 52026PC0000, 52026XC0123, 152026PC0124 and, of itself, COM(2026) 155."}`, "COM(2026)123 4, COM(2026)140 2"},
		{"proposals", `{"source":"s","ref":"1","kind":"news","title":"COM (2023) 94 final","text":"KOM(2023)94, COM/2023/0098"}`, "COM(2023)94 4, COM(2023)98 2"},
		{"Ares", `{"source":"s","ref":"1","kind":"news","title":"T","text":"Document Ares(2026)1234567 of May"}`, "ARES(2026)1234567 2"},
		{"external action", `{"source":"s","ref":"1","kind":"call","title":"T","text":"Reference: EuropeAid/177773/DD/ACT/XK."}`, "EUROPEAID/177773/DD/ACT/XK 3"},
		{"diarienummer only where it is called so", `{"source":"s","ref":"1","kind":"call","title":"T","text":"Vinnovas dnr 2025-01234. Ring 2025-01235 för mer, eller skriv till oss om något är oklart."}`, "DNR 2025-01234 2"},
		{"inquiry", `{"source":"s","ref":"1","kind":"consultation","title":"Remiss av SOU 2021:42 Stärkta åtgärder"}`, "SOU 2021:42 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range read(t, tt.line)[0].Codes {
				s := c.Code + " " + string(rune('0'+c.Place))
				if c.Slug {
					s += " slug"
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// topic is a portal's item, as most tests need one.
const topic = `{"source":"ft-portal","ref":"1","kind":"call","title":"Sustainable grids for remote regions","identifier":"HORIZON-CL5-2026-D3-01-05","call":"HORIZON-CL5-2026-D3-01","opens":"2026-05-05","deadlines":["2026-09-22"],"url":"https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/HORIZON-CL5-2026-D3-01-05"}`

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, a, b string
		want       string // relation and ground, seen from a; empty for nothing
	}{
		{"its own reference", topic, `{"source":"cinea","ref":"1","kind":"call","title":"Grids","text":"Reference: HORIZON-CL5-2026-D3-01-05","deadlines":["2026-10-06"]}`, "same identifier"},
		{"its reference in the address", topic, `{"source":"eacea","ref":"1","kind":"call","title":"Nät","url":"https://x.eu/horizon-cl5-2026-d3-01-05_en"}`, "same identifier"},
		{"a sibling's reference, the same title and day", topic, `{"source":"cinea","ref":"1","kind":"call","title":"Sustainable grids for remote regions","text":"Reference: HORIZON-CL5-2026-D3-01-06","deadlines":["2026-09-22"]}`, ""},
		{"page of the whole call", topic, `{"source":"cinea","ref":"1","kind":"call","title":"Grids 2026","text":"Reference: HORIZON-CL5-2026-D3-01","deadlines":["2026-09-22"]}`, "part identifier"},
		{"page of the whole call, title and day alike", topic, `{"source":"cinea","ref":"1","kind":"call","title":"Sustainable grids for remote regions","text":"Call: HORIZON-CL5-2026-D3-01","deadlines":["2026-09-22"]}`, "part identifier"},
		{"page that lists topics", topic, `{"source":"cinea","ref":"1","kind":"call","title":"Grids","text":"Topics HORIZON-CL5-2026-D3-01-05, HORIZON-CL5-2026-D3-01-06 and HORIZON-CL5-2026-D3-01-07"}`, "part identifier"},
		{"round-up", topic, `{"source":"nseo","ref":"1","kind":"news","title":"Urval","text":"Vi tipsar om HORIZON-CL5-2026-D3-01-05 och LIFE-2026-SAP-CLIMA.","opens":"2026-06-01"}`, ""},
		{"notice", topic, `{"source":"nseo","ref":"1","kind":"news","title":"Sök pengar till elnät","text":"HORIZON-CL5-2026-D3-01-05 är öppen.","opens":"2026-06-01"}`, "same identifier"},
		{"notice of what came of it", topic, `{"source":"nseo","ref":"1","kind":"news","title":"Sustainable grids for remote regions: vinnarna","text":"I HORIZON-CL5-2026-D3-01-05 valdes tre.","opens":"2027-02-01"}`, ""},
		{"grant for writing the application", topic, `{"source":"vinnova","ref":"1","kind":"call","title":"Planeringsbidrag","text":"Till exempel HORIZON-CL5-2026-D3-01-05.","deadlines":["2026-06-15"]}`, ""},
		{"points to the address", topic, `{"source":"formas","ref":"1","kind":"call","title":"Tips","text":"Läs https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/HORIZON-CL5-2026-D3-01-05?lang=sv"}`, "same identifier"},
		{"title and day", topic, `{"source":"list","ref":"1","kind":"call","title":"Call: Sustainable Grids for Remote Regions","deadlines":["2026-09-22T17:00:00+02:00"]}`, "same title"},
		{"title, another day", topic, `{"source":"list","ref":"1","kind":"call","title":"Sustainable grids for remote regions","deadlines":["2025-09-23"]}`, ""},
		{"title and day, another kind", topic, `{"source":"list","ref":"1","kind":"consultation","title":"Sustainable grids for remote regions","deadlines":["2026-09-22"]}`, ""},
		{"title with another year", `{"source":"a","ref":"1","kind":"call","title":"Urban transitions joint call 2025","deadlines":["2026-09-22"]}`, `{"source":"b","ref":"1","kind":"call","title":"Urban transitions joint call 2026","deadlines":["2026-09-22"]}`, ""},
		{"title with another round", `{"source":"a","ref":"1","kind":"call","title":"Urban transitions joint call, round 2","deadlines":["2026-09-22"]}`, `{"source":"b","ref":"1","kind":"call","title":"Urban transitions joint call, round 3","deadlines":["2026-09-22"]}`, ""},
		{"title for another region", `{"source":"a","ref":"1","kind":"call","title":"Stärkt konkurrenskraft för företag i Mellersta Norrland","deadlines":["2026-09-22"]}`, `{"source":"b","ref":"1","kind":"call","title":"Stärkt konkurrenskraft för företag i Övre Norrland","deadlines":["2026-09-22"]}`, ""},
		{"quoted title", topic, `{"source":"uhr","ref":"1","kind":"call","title":"EU-medel för elnät","text":"Utlysningen ”Sustainable grids for remote regions” stänger i höst.","deadlines":["2026-09-22"]}`, "same title"},
		{"one source", topic, strings.Replace(topic, `"ref":"1"`, `"ref":"2"`, 1), ""},
		{"two questions on one proposal", `{"source":"have-your-say","ref":"1","kind":"consultation","title":"Tickets","text":"Proposal COM(2025) 301.","deadlines":["2026-02-10"]}`, `{"source":"remisser","ref":"1","kind":"consultation","title":"Remiss om biljetter","text":"COM(2025) 301","deadlines":["2026-03-10"]}`, ""},
		{"memo on the proposal that is asked about", `{"source":"faktapromemorior","ref":"1","kind":"news","title":"Biljetter, 2025/26:FPM9","text":"Faktapromemoria om COM(2025) 301."}`, `{"source":"remisser","ref":"1","kind":"consultation","title":"Remiss om biljetter","text":"COM(2025) 301","deadlines":["2026-03-10"]}`, "same identifier"},
		{"memo on a proposal by EUR-Lex's number", `{"source":"faktapromemorior","ref":"1","kind":"news","title":"Biljetter, 2025/26:FPM9","text":"Faktapromemoria om COM(2025) 301."}`, `{"source":"eurlex-proposals","ref":"52025PC0301","kind":"news","title":"Proposal for a regulation on tickets","identifier":"52025PC0301"}`, "same identifier"},
		{"proposal in a package", `{"source":"eurlex-proposals","ref":"1","kind":"news","title":"COM(2025) 301 final"}`, `{"source":"faktapromemorior","ref":"1","kind":"news","title":"Paket om resor","text":"Faktapromemoria om COM(2025) 301 och COM(2025) 302."}`, "part identifier"},
		{"two rounds of one initiative", `{"source":"have-your-say","ref":"1","kind":"consultation","title":"Tickets","url":"https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/13715_en","deadlines":["2026-02-10"]}`, `{"source":"dg","ref":"1","kind":"consultation","title":"Tickets","text":"https://have-your-say.ec.europa.eu/initiatives/13715","deadlines":["2025-05-10"]}`, ""},
		{"another authority's number", `{"source":"vinnova","ref":"1","kind":"call","title":"Kvantteknik","identifier":"2025-01234","deadlines":["2026-02-10"]}`, `{"source":"formas","ref":"1","kind":"call","title":"Skogens roll","text":"Dnr 2025-01234","deadlines":["2026-03-10"]}`, ""},
		{"an authority's number and its day", `{"source":"vinnova","ref":"1","kind":"call","title":"Kvantteknik","identifier":"2025-01234","deadlines":["2026-02-10"]}`, `{"source":"tips","ref":"1","kind":"call","title":"Sök hos Vinnova","text":"Dnr 2025-01234","deadlines":["2026-02-10"]}`, "same identifier"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := read(t, tt.a, tt.b)
			got := ""
			l, ok := link.Judge(&f[0], &f[1])
			if ok {
				relation := l.Relation
				if l.A != f[0].Key {
					relation = map[link.Relation]link.Relation{link.Same: link.Same, link.Part: link.Whole, link.Whole: link.Part}[relation]
				}
				got = string(relation) + " " + string(l.Reason.By)
				if l.Reason.A.Text == "" || l.Reason.B.Text == "" || l.Reason.A.Field == "" || l.Reason.B.Field == "" {
					t.Errorf("a side is not quoted: %+v", l.Reason)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			back, ok2 := link.Judge(&f[1], &f[0])
			if diff := cmp.Diff(l, back); ok != ok2 || diff != "" {
				t.Errorf("asked the other way round (-one +other):\n%s", diff)
			}
		})
	}
}

// An address that several items of a source share is nobody's own, and a title that fits two siblings is neither's.
func TestFindChooses(t *testing.T) {
	t.Parallel()
	shared := `"url":"https://www.interregaurora.eu/calls/"`
	f := read(t,
		`{"source":"aurora","ref":"1","kind":"call","title":"Regular projects round nine",`+shared+`}`,
		`{"source":"aurora","ref":"2","kind":"call","title":"Small projects round seven",`+shared+`}`,
		`{"source":"nseo","ref":"1","kind":"news","title":"Aurora öppnar",`+shared+`}`,
		`{"source":"ft-portal","ref":"1","kind":"call","title":"Resilient arctic ports and fairways (RIA)","identifier":"HORIZON-A-2026-01","deadlines":["2026-09-22"]}`,
		`{"source":"ft-portal","ref":"2","kind":"call","title":"Resilient arctic ports and fairways (CSA)","identifier":"HORIZON-A-2026-02","deadlines":["2026-09-22"]}`,
		`{"source":"list","ref":"1","kind":"call","title":"Resilient arctic ports and fairways","deadlines":["2026-09-22"]}`,
	)
	if got := link.Find(f); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
	got := link.Find(append(f, read(t, `{"source":"other","ref":"1","kind":"call","title":"Resilient arctic ports and fairways (CSA)","deadlines":["2026-09-22"]}`)...))
	var keys []string
	for _, l := range got {
		keys = append(keys, l.A.String()+" "+l.B.String())
	}
	if diff := cmp.Diff([]string{"ft-portal/2 other/1", "list/1 other/1"}, keys); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A word for "none" in the place of an identifier joins nothing, and costs nothing, however many have it.
func TestFindCrowd(t *testing.T) {
	t.Parallel()
	var facts []link.Facts
	for _, source := range []string{"a", "b"} {
		for i := range 2000 {
			c := call.Call{Source: source, Ref: strconv.Itoa(i), Kind: call.KindCall, Title: "Call " + strconv.Itoa(i), Identifier: "UNKNOWN"}
			facts = append(facts, link.Read(&c))
		}
	}
	if got := link.Find(facts); len(got) != 0 {
		t.Errorf("%d links, want none", len(got))
	}
}

// What is found does not depend on the order in which calls are handed in.
func TestFindIgnoresOrder(t *testing.T) {
	t.Parallel()
	_, facts := labelled(t)
	facts = facts[len(facts)-1500:]
	want := link.Find(facts)
	if len(want) < 20 {
		t.Fatalf("%d links are too few to tell anything", len(want))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(facts), func(i, k int) { facts[i], facts[k] = facts[k], facts[i] })
	if diff := cmp.Diff(want, link.Find(facts)); diff != "" {
		t.Errorf("(-sorted +shuffled):\n%s", diff)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	key := func(s string) call.Key { k, _ := call.ParseKey(s); return k }
	l := func(a, b string, strength int, state link.State) link.Stated {
		x, y := link.Pair(key(a), key(b))
		return link.Stated{Link: link.Link{A: x, B: y, Relation: link.Same, Strength: strength}, State: state}
	}
	tests := []struct {
		name  string
		links []link.Stated
		want  []string
	}{
		{"a chain", []link.Stated{l("cinea/1", "ft-portal/1", 900, link.Auto), l("cinea/1", "nseo/1", 700, link.Auto)}, []string{"ft-portal/1 cinea/1 nseo/1"}},
		{"never two of a source: the stronger", []link.Stated{l("cinea/1", "ft-portal/1", 700, link.Auto), l("cinea/1", "ft-portal/2", 900, link.Auto)}, []string{"ft-portal/2 cinea/1"}},
		{"never two of a source, by a chain", []link.Stated{l("cinea/1", "ft-portal/1", 900, link.Auto), l("nseo/1", "ft-portal/2", 900, link.Auto), l("cinea/1", "nseo/1", 700, link.Auto)}, []string{"ft-portal/1 cinea/1", "ft-portal/2 nseo/1"}},
		{"cut", []link.Stated{l("cinea/1", "ft-portal/1", 900, link.Cut)}, nil},
		{"cut, and not brought together by a third", []link.Stated{l("cinea/1", "ft-portal/1", 900, link.Cut), l("cinea/1", "nseo/1", 700, link.Auto), l("ft-portal/1", "nseo/1", 800, link.Auto)}, []string{"ft-portal/1 nseo/1"}},
		{"a person's word before any other", []link.Stated{l("cinea/1", "ft-portal/1", 950, link.Auto), l("cinea/1", "ft-portal/2", 0, link.Hand)}, []string{"ft-portal/2 cinea/1"}},
		{"what is gone stands for nobody", []link.Stated{l("cinea/1", "ft-portal/gone", 950, link.Auto)}, []string{"cinea/1 ft-portal/gone"}},
		{"two questions are not joined by a notice", []link.Stated{l("have-your-say/q", "nseo/n", 900, link.Auto), l("nseo/n", "remisser/q", 800, link.Auto)}, []string{"have-your-say/q nseo/n"}},
		{"a topic is no member", []link.Stated{{Link: link.Link{A: key("cinea/1"), B: key("ft-portal/1"), Relation: link.Whole}, State: link.Auto}}, nil},
		{"unknown", []link.Stated{l("cinea/none", "ft-portal/1", 950, link.Auto)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			links := slices.Clone(tt.links)
			for range 2 {
				var got []string
				for _, g := range link.Groups(links, func(k call.Key) (link.Member, bool) {
					m := link.Member{Key: k, Kind: call.KindCall, Gone: k.Ref == "gone"}
					switch k.Ref {
					case "q":
						m.Kind = call.KindConsultation
					case "n":
						m.Kind = call.KindNews
					}
					return m, k.Ref != "none"
				}) {
					var keys []string
					for _, m := range g {
						keys = append(keys, m.Key.String())
					}
					got = append(got, strings.Join(keys, " "))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				slices.Reverse(links)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("HORIZON-CL5-2026-D3-", "COM(2023", "https://x.eu/ initiatives/-")
	f.Add("Ares(2026)", "”“”«", "http://%zz")
	f.Add("SOU 2021:", "dnr 2025-01234", "https://ec.europa.eu/have-your-say/initiatives/")
	f.Fuzz(func(t *testing.T, title, body, url string) {
		a := call.Call{Source: "a", Ref: "1", Kind: call.KindCall, Title: title, Text: body, URL: url}
		b := call.Call{Source: "b", Ref: "1", Kind: call.KindCall, Title: body, Text: title + " " + url}
		x, y := link.Read(&a), link.Read(&b)
		l, ok := link.Judge(&x, &y)
		m, ok2 := link.Judge(&y, &x)
		if ok != ok2 || l != m {
			t.Errorf("%v %v, the other way round %v %v", l, ok, m, ok2)
		}
	})
}
