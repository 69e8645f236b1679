package call

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// whole is a call with every field set.
func whole() Call {
	return Call{
		Source: "ft-portal", Ref: "50138952TOPICS", Kind: KindCall, Title: "Grön omställning & järnväg <TEN-T>", Programme: "CEF",
		Call: "CEF-T-2026", Identifier: "CEF-T-2026-RAIL", Status: StatusOpen, Opens: Day(2026, time.March, 4),
		Deadlines:     []Moment{Day(2026, time.September, 22), At(time.Date(2027, 1, 13, 17, 0, 0, 0, Brussels()))},
		DeadlineModel: "two-stage", ActionTypes: []string{"CEF Works"}, BudgetEUR: 24000000, Language: "sv", Text: "Ett.\n\nTvå.",
		URL: "https://example.eu/a", Topics: []string{"transport"}, CallTitle: "T", ParentTitle: "P", Project: "X", Divisions: []string{"D"},
		Grants: 3, MinEUR: 1, MaxEUR: 2, Eligible: "E", Expected: "Q1 2027", Translations: []Translation{{"en", "The green transition"}},
		Stages: []Stage{{"Call for evidence", Day(2026, time.January, 5), Day(2026, time.February, 2)}, {"Public consultation", Moment{}, Moment{}}},
		Links:  []Link{{"Guide", "https://example.eu/guide.pdf"}, {"", "https://example.eu/b"}},
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	for _, c := range []Call{whole(), {Source: "s", Ref: "r", Kind: KindNews}} {
		line, err := Encode(&c)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(line), "\n") || strings.Contains(string(line), `\u003c`) {
			t.Errorf("%s is not one plain line", line)
		}
		got, err := Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, err string }{
		{`{"source":"s","ref":"r","kind":"call"}`, ""},
		{` {"source":"s","ref":"r","kind":"call"} ` + "\n", ""},
		{``, "not a call"},
		{`[]`, "not a call"},
		{`{"source":"s","ref":"r","kind":"call"} {}`, "more than one"},
		{`{"source":"s","ref":"r","kind":"call"} x`, "more than one"},
		{`{"source":"s","ref":"r","kind":"call","colour":"red"}`, "colour"},
		{`{"source":"s","ref":"r","kind":"call","opens":"soon"}`, "soon"},
		{`{"ref":"r","kind":"call"}`, "source is missing"},
		{`{"source":"s","kind":"call"}`, "ref is missing"},
		{`{"source":"a/b","ref":"r","kind":"call"}`, "slash"},
		{`{"source":"s","ref":"r"}`, "kind"},
		{`{"source":"s","ref":"r","kind":"call","status":"maybe"}`, "maybe"},
		{`{"source":"s","ref":"r","kind":"call","grants":-1}`, "negative"},
	} {
		_, err := Decode([]byte(tt.in))
		if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Decode(%s): %v, want %q", tt.in, err, tt.err)
		}
	}
	_, err := Decode([]byte(`{"kind":"x","status":"y","grants":-1}`))
	for _, want := range []string{"source", "ref", `"x"`, `"y"`, "negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

func TestDecodeDeadlines(t *testing.T) {
	t.Parallel()
	c, err := Decode([]byte(`{"source":"s","ref":"r","kind":"call","deadlines":["2026-09-22","",null,"2026-01-13"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Moment{Day(2026, 1, 13), Day(2026, 9, 22)}, c.Deadlines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time { return moment(t, s).Time() }
	two := []Moment{Day(2026, 3, 4), moment(t, "2026-09-22T17:00:00+02:00")}
	for _, tt := range []struct {
		name       string
		status     Status
		deadlines  []Moment
		now        time.Time
		next       string
		stale      bool
		wantStatus Status
	}{
		{"before the first", StatusOpen, two, at("2026-03-04T23:59:00+01:00"), "2026-03-04", false, StatusOpen},
		{"between", StatusOpen, two, at("2026-03-05T00:00:00+01:00"), "2026-09-22T17:00:00+02:00", false, StatusOpen},
		{"after the last", StatusOpen, two, at("2026-09-22T17:00:00+02:00"), "", true, StatusClosed},
		{"announced too long ago", StatusForthcoming, two, at("2027-01-01"), "", true, StatusClosed},
		{"closed is never stale", StatusClosed, two, at("2027-01-01"), "", false, StatusClosed},
		{"closed between stages", StatusClosed, two, at("2026-06-01"), "2026-09-22T17:00:00+02:00", false, StatusClosed},
		{"none stated", StatusOpen, nil, at("2027-01-01"), "", false, StatusOpen},
		{"no status", "", two, at("2027-01-01"), "", true, StatusClosed},
		{"a zero one is none", StatusOpen, []Moment{{}}, at("2027-01-01"), "", false, StatusOpen},
		{"out of order", StatusOpen, []Moment{two[1], two[0]}, at("2026-06-01"), "2026-09-22T17:00:00+02:00", false, StatusOpen},
	} {
		c := Call{Status: tt.status, Deadlines: tt.deadlines}
		next, ok := c.NextDeadline(tt.now)
		if next.String() != tt.next || ok != (tt.next != "") {
			t.Errorf("%s: next deadline %s, %v", tt.name, next, ok)
		}
		if got := c.Stale(tt.now); got != tt.stale {
			t.Errorf("%s: stale %v", tt.name, got)
		}
		if got := c.StatusAt(tt.now); got != tt.wantStatus {
			t.Errorf("%s: status %q", tt.name, got)
		}
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for _, k := range []Key{{"ft-portal", "50138952TOPICS"}, {"s", "a/b/c"}} {
		if got, err := ParseKey(k.String()); err != nil || got != k {
			t.Errorf("ParseKey(%s) = %s, %v", k, got, err)
		}
	}
	for _, s := range []string{"", "a", "/", "a/", "/b"} {
		if got, err := ParseKey(s); err == nil {
			t.Errorf("ParseKey(%q) = %s, want an error", s, got)
		}
	}
	if (Key{"a", "2"}).Compare(Key{"a", "10"}) <= 0 || (Key{"a", "2"}).Compare(Key{"b", "1"}) >= 0 {
		t.Error("keys are not ordered by source, then ref")
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	identity := Call{Source: "s", Ref: "r", Kind: KindPlanned, Status: StatusForthcoming}
	want := whole()
	want.Source, want.Ref, want.Kind, want.Status = "s", "r", KindPlanned, StatusForthcoming
	if diff := cmp.Diff(want, Fill(identity, whole())); diff != "" {
		t.Errorf("an empty call is not filled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(whole(), Fill(whole(), Call{Title: "other", Opens: Day(2020, 1, 1), Topics: []string{"x"}, BudgetEUR: 1})); diff != "" {
		t.Errorf("a whole call is changed (-want +got):\n%s", diff)
	}
}

func TestTitleIn(t *testing.T) {
	t.Parallel()
	c := Call{Title: "Fitness check", Language: "en", Translations: []Translation{{"de", ""}, {"sv", "Kontroll"}}}
	for _, tt := range []struct{ ask, title, in string }{
		{"sv", "Kontroll", "sv"},
		{"en", "Fitness check", "en"},
		{"de", "Fitness check", "en"},
		{"", "Fitness check", "en"},
	} {
		if title, in := c.TitleIn(tt.ask); title != tt.title || in != tt.in {
			t.Errorf("TitleIn(%q) = %q, %q", tt.ask, title, in)
		}
	}
}

// TestStages holds that a timeline grows: what a source no longer tells stays, what it tells anew takes its place.
func TestStages(t *testing.T) {
	t.Parallel()
	day := func(month, day int) Moment { return Day(2026, time.Month(month), day) }
	evidence := Stage{"Call for evidence", day(1, 5), day(2, 2)}
	for _, tt := range []struct {
		name      string
		now, then []Stage
		want      []Stage
	}{
		{"none", nil, nil, nil},
		{"an earlier one stays", []Stage{{"Public consultation", day(4, 1), day(6, 24)}}, []Stage{evidence},
			[]Stage{evidence, {"Public consultation", day(4, 1), day(6, 24)}}},
		{"a longer one is the same", []Stage{{"Call for evidence", day(1, 5), day(2, 9)}}, []Stage{evidence}, []Stage{{"Call for evidence", day(1, 5), day(2, 9)}}},
		{"a later beginning is the same", []Stage{{"Call for evidence", day(1, 7), day(2, 2)}}, []Stage{evidence}, []Stage{{"Call for evidence", day(1, 7), day(2, 2)}}},
		{"an end alone is filled", []Stage{{"Call for evidence", Moment{}, day(2, 2)}}, []Stage{evidence}, []Stage{evidence}},
		{"a date for one to come", []Stage{{"Draft act", day(9, 1), day(9, 29)}}, []Stage{{Name: "Draft act"}}, []Stage{{"Draft act", day(9, 1), day(9, 29)}}},
		{"the same again, later", []Stage{{"Call for evidence", day(9, 1), day(9, 29)}}, []Stage{evidence}, []Stage{evidence, {"Call for evidence", day(9, 1), day(9, 29)}}},
		{"without date last", []Stage{evidence}, []Stage{{Name: "Draft act"}}, []Stage{evidence, {Name: "Draft act"}}},
	} {
		got := Fill(Call{Stages: tt.now}, Call{Stages: tt.then}).Stages
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		again := Fill(Call{Stages: got}, Call{Stages: tt.then}).Stages
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("%s: filling twice differs (-once +twice):\n%s", tt.name, diff)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, e := range []Event{EventNew, EventOpened, EventClosed, EventDeadlines, EventBudget, EventTitle, EventText, EventOpens, EventStatus, EventIdentifier, EventWithdrawn} {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
	}
	if Event("moved").Validate() == nil || Event("").Validate() == nil {
		t.Error("an unknown event is allowed")
	}
}
