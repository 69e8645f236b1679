package digest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// strategist follows a department in parts, a programme and a search, some of which fit the same items.
func strategist(in Input) Reader {
	return Reader{
		Name: "EU-strateg", Department: "regional-utveckling", Changes: in.Changes, Sources: in.Sources, Since: now.Add(-24 * time.Hour),
		Follows: []subscription.Subscription{
			{Priorities: []string{"besoksnaring", "naringsliv"}},
			{Name: "Turism", Search: "turism OR tourism"},
			{Programmes: []string{"smp", "CEF"}},
			{Kinds: []call.Kind{call.KindConsultation}},
		},
		Found: map[string]map[call.Key]bool{"turism OR tourism": {
			{Source: "ft-portal", Ref: "50563532TOPICS"}: true, {Source: "ft-portal", Ref: "51084983TOPICS"}: true, {Source: "ft-portal", Ref: "50400001TOPICS"}: true,
		}},
	}
}

// linkedTo gives every item the addresses at which a reader acts.
func linkedTo(in Input) Input {
	in.Links = func(k call.Key, _ string) Links {
		at := "https://utkik.example.org/"
		return Links{Read: at + "call/" + k.String(), Calendar: at + "call/" + k.String() + ".ics", Follow: at + "a/f", Act: at + "a/t", NotRelevant: at + "a/n", Answer: at + "a/a"}
	}
	return in
}

func read(t *testing.T, in Input, r Reader, language string) Digest {
	t.Helper()
	day, err := NewDay(in)
	if err != nil {
		t.Fatal(err)
	}
	d, err := day.Reader(&r, language)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReaderMails(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"sv", "en"} {
		in := linkedTo(normalDay())
		r := strategist(in)
		r.Foot = Foot{Unsubscribe: "https://utkik.example.org/a/u", Pause: "https://utkik.example.org/a/p"}
		d := read(t, in, r, lang)
		account(t, in, d)
		html, err := HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "reader-"+lang+".txt.golden", []byte(Text(d)))
		golden(t, "reader-"+lang+".html.golden", html)
	}
}

// Every item once, and with all that led to it.
func TestLinks(t *testing.T) {
	t.Parallel()
	in := linkedTo(normalDay())
	r := strategist(in)
	r.Decided = map[call.Key]subscription.Choice{{Source: "ft-portal", Ref: "50563532TOPICS"}: subscription.Act, {Source: "ft-portal", Ref: "51454502TOPICS"}: subscription.Follow}
	got := map[string][]string{}
	d := read(t, in, r, "sv")
	w, err := newWords("sv")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for i := range g.Items {
				links, _ := actions(w, &g.Items[i])
				for _, p := range links {
					got[g.Items[i].Ref] = append(got[g.Items[i].Ref], p.Name)
				}
			}
		}
	}
	for ref, want := range map[string][]string{
		"50563532TOPICS": {"Läs mer", "Lägg i kalendern", "Inte relevant"}, // it was taken
		"51454502TOPICS": {"Läs mer", "Lägg i kalendern", "Vi tar den här", "Inte relevant"},
		"16238":          {"Läs mer", "Lägg i kalendern", "Följ", "Vi tar den här", "Inte relevant"},
	} {
		if diff := cmp.Diff(want, got[ref]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref, diff)
		}
	}
	in.Links = func(call.Key, string) Links { return Links{Read: "javascript:alert(1)", Calendar: "/x.ics"} }
	if e := read(t, in, r, "sv").Sections[0].Groups[0].Items[0]; e.Links != (Links{}) {
		t.Errorf("addresses that are none are shown: %+v", e.Links)
	}
}

// Many sources of which the same is to be said are said once, by name.
func TestManySources(t *testing.T) {
	t.Parallel()
	in := emptyDay()
	in.Sources = nil
	for i := range 12 {
		s := SourceState{ID: fmt.Sprintf("s%02d", i), Name: fmt.Sprintf("Källa %d", i), State: watch.Quiet, Started: now, Ended: now, Complete: true, Seen: 5}
		if i%2 == 0 {
			s = SourceState{ID: s.ID, Name: s.Name, State: watch.Late}
		}
		in.Sources = append(in.Sources, s)
	}
	in.Sources[3].Added = 2
	d := build(t, in)
	p := lay(&d)
	if diff := cmp.Diff([]string{
		"Källa 3: läst i sin helhet 23 april kl. 06.30, 5 poster, 2 nya. Tyst för att inget nytt kom.",
		"Lästa i sin helhet, inget nytt i någon av dessa 5: Källa 1, Källa 5, Källa 7, Källa 9 och Källa 11.",
		"Inte lästa ännu, 6 källor: Källa 0, Källa 2, Källa 4, Källa 6, Källa 8 och Källa 10.",
	}, p.Proof.Sources); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(d.Proof.Sources) != 12 {
		t.Errorf("the digest itself knows %d sources", len(d.Proof.Sources))
	}
	if diff := cmp.Diff([]string{"Källa 0, Källa 2, Källa 4 och 3 källor till är inte lästa ännu."}, d.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReaderNamesAll(t *testing.T) {
	t.Parallel()
	in := normalDay()
	d := read(t, in, strategist(in), "sv")
	seen := map[string][]string{}
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for _, e := range g.Items {
				if _, twice := seen[e.Ref]; twice {
					t.Errorf("%s stands twice", e.Ref)
				}
				seen[e.Ref] = e.Follows
				if len(e.Follows) == 0 {
					t.Errorf("%s is there for nothing", e.Ref)
				}
			}
		}
	}
	for ref, want := range map[string][]string{
		"50563532TOPICS":        {"Besöksnäring eller Näringsliv", "Turism", "smp eller CEF"},
		"13881COMPETITIVE_CALL": {"Besöksnäring eller Näringsliv"},
		"16238":                 {"Samråd"},
		"51454502TOPICS":        {"smp eller CEF"},
	} {
		if diff := cmp.Diff(want, seen[ref]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref, diff)
		}
	}
}

// A department's digest and that of a reader who follows the department tell of the same items.
func TestReaderOfDepartment(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]Input{"normal": normalDay(), "long": longDay(), "baseline": baselineDay(), "hostile": hostileDay(), "linked": linkedDay()} {
		in.More = "https://utkik.example.org/"
		want := build(t, in)
		got := read(t, in, Reader{Name: want.DepartmentName, Follows: []subscription.Subscription{{Departments: []string{in.Department}}}, Changes: in.Changes, Sources: in.Sources}, in.Language)
		if diff := cmp.Diff(entries(want), entries(got)); diff != "" {
			t.Errorf("%s (-department +reader):\n%s", name, diff)
		}
		if want.Subject != got.Subject {
			t.Errorf("%s: got %q, want %q", name, got.Subject, want.Subject)
		}
	}
}

func TestReaderDecides(t *testing.T) {
	t.Parallel()
	in := normalDay()
	tourism, heat := call.Key{Source: "ft-portal", Ref: "50563532TOPICS"}, call.Key{Source: "ft-portal", Ref: "51121573TOPICS"}
	r := strategist(in)
	r.Follows = r.Follows[:1]
	r.Decided = map[call.Key]subscription.Choice{tourism: subscription.NotRelevant, heat: subscription.Act}
	d := read(t, in, r, "sv")
	account(t, in, d)
	all := strings.Join(entries(d), "\n")
	if strings.Contains(all, tourism.Ref) || !strings.Contains(all, heat.Ref) {
		t.Errorf("got\n%s", all)
	}
	text := strings.Join(strings.Fields(Text(d)), " ")
	for _, want := range []string{"Ni har sagt att ni tar den här.", "om sådant som ni har sagt inte berör er"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, Text(d))
		}
	}
}

func TestStandIn(t *testing.T) {
	t.Parallel()
	in := normalDay()
	r := strategist(in)
	r.StandIn, r.Until = "Kim på kansliet", "2026-05-10"
	if d := read(t, in, r, "sv"); !strings.HasPrefix(d.Lead, "Du får brevet i stället för Kim på kansliet till 10 maj. Sedan förra brevet: ") {
		t.Error(d.Lead)
	}
}

func TestReaderFoldsNothing(t *testing.T) {
	t.Parallel()
	in := longDay()
	in.More = ""
	r := Reader{Name: "x", Follows: []subscription.Subscription{{Departments: []string{in.Department}}}, Changes: in.Changes, Sources: in.Sources}
	d := read(t, in, r, "sv")
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			if s.ID == New && (g.Fold != "" || g.Shown != len(g.Items)) {
				t.Errorf("%s: %d of %d shown: %q, though there is nowhere else to read them", g.Name, g.Shown, len(g.Items), g.Fold)
			}
		}
	}
	if text := Text(d); strings.Contains(text, "utkik digest") {
		t.Error("a reader has no command line")
	}
	in.More = "https://utkik.example.org/"
	if d := read(t, in, r, "sv"); d.Sections[0].Groups[0].Fold == "" {
		t.Error("with an address for the rest nothing is folded")
	}
}

// What is only near is worth a mail when it has come near since the last one.
func TestWorth(t *testing.T) {
	t.Parallel()
	item := func(deadline string, seen time.Time) Input {
		in := emptyDay()
		c := call.Call{Source: "ft-portal", Ref: "1", Kind: call.KindCall, Title: "T", Programme: "CEF", Status: call.StatusOpen, Deadlines: days(deadline)}
		in.Calls = []Item{{Call: c, FirstSeen: seen}}
		return in
	}
	long := now.AddDate(0, -2, 0)
	for _, c := range []struct {
		name     string
		in       Input
		since    time.Time
		want     bool
		standing int
	}{
		{"nothing", emptyDay(), now.AddDate(0, 0, -1), false, 0},
		{"near, and was near then", item("2026-04-30", long), now.AddDate(0, 0, -1), false, 1},
		{"has come near since", item("2026-05-07", long), now.AddDate(0, 0, -1), true, 1},
		{"came near in the week since", item("2026-05-03", long), now.AddDate(0, 0, -7), true, 1},
		{"never told anything", item("2026-04-30", long), time.Time{}, true, 1},
		{"too far ahead", item("2026-05-20", long), now.AddDate(0, 0, -1), false, 0},
	} {
		d := read(t, c.in, Reader{Name: "x", Since: c.since, Follows: []subscription.Subscription{{Programmes: []string{"CEF"}}}, Changes: c.in.Changes, Sources: c.in.Sources}, "sv")
		if got := d.Worth(); got != c.want || len(entries(d)) != c.standing || d.News() != 0 {
			t.Errorf("%s: worth %v, %d items, %d news, want %v, %d, 0", c.name, got, len(entries(d)), d.News(), c.want, c.standing)
		}
	}
	in := normalDay()
	if d := read(t, in, strategist(in), "sv"); !d.Worth() || d.News() == 0 {
		t.Error("a normal day is worth nothing")
	}
	first := baselineDay()
	if d := read(t, first, Reader{Name: "x", Since: now.AddDate(0, 0, -1), Follows: []subscription.Subscription{{Programmes: []string{"EURATOM"}}}, Changes: first.Changes, Sources: first.Sources}, "sv"); d.Worth() {
		t.Errorf("a new source without anything for the reader is worth a mail: %q", entries(d))
	}
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	in := normalDay()
	day, err := NewDay(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		follows subscription.Subscription
		want    string
	}{
		{subscription.Subscription{Departments: []string{"musik"}}, `department "musik"`},
		{subscription.Subscription{Priorities: []string{"musik"}}, `priority "musik"`},
		{subscription.Subscription{Search: "skog"}, `the saved search "skog" was not made`},
		{subscription.Subscription{}, "follows nothing"},
	} {
		if _, err := day.Reader(&Reader{Name: "x", Follows: []subscription.Subscription{c.follows}}, "sv"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if _, err := day.Reader(&Reader{Name: "x"}, "de"); err == nil {
		t.Error("German is spoken")
	}
}

// A day is built from by many at a time.
func TestDayIsShared(t *testing.T) {
	t.Parallel()
	in := normalDay()
	day, err := NewDay(in)
	if err != nil {
		t.Fatal(err)
	}
	r := strategist(in)
	want, err := day.Reader(&r, "sv")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []string, 8)
	for range cap(got) {
		go func() {
			d, err := day.Reader(&r, "sv")
			got <- append(entries(d), fmt.Sprint(err))
		}()
	}
	for range cap(got) {
		if g := <-got; !slices.Equal(g, append(entries(want), "<nil>")) {
			t.Errorf("got %q", g)
		}
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	in := normalDay()
	in.Held = []Held{{Key: call.Key{Source: "ft-portal", Ref: "51121646TOPICS"}, Reason: "regress: x"}}
	day, err := NewDay(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{101}, day.Waiting(in.Changes)); diff != "" { // 114 is wording only
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// reminding has a reader who takes a call that nothing else leads to, and follows one that changed.
func reminding(in Input) Reader {
	r := strategist(in)
	rail, tourism := call.Key{Source: "ft-portal", Ref: "50464110TOPICS"}, call.Key{Source: "ft-portal", Ref: "50563532TOPICS"}
	r.Decided = map[call.Key]subscription.Choice{rail: subscription.Act, tourism: subscription.Follow}
	r.Reminders = []subscription.Reminder{{Key: tourism, Deadline: "2026-05-21", Step: 30}, {Key: rail, Deadline: "2026-05-07", Step: 14}, {Key: call.Key{Source: "ft-portal", Ref: "none"}, Deadline: "2026-05-05", Step: 7}}
	return r
}

// What is reminded of stands first, by itself, and once: where something happened to it, it stands there.
func TestReminderSection(t *testing.T) {
	t.Parallel()
	in := linkedTo(normalDay())
	d := read(t, in, reminding(in), "sv")
	account(t, in, d)
	if d.Sections[0].ID != Reminders || d.Sections[0].Count != 1 || d.Sections[0].Groups[0].Items[0].Ref != "50464110TOPICS" || *d.Sections[0].Groups[0].Items[0].Reminder != 14 {
		t.Errorf("first section %+v", d.Sections[0])
	}
	if e := d.Sections[1].Groups[0].Items[0]; e.Ref != "50563532TOPICS" || e.Reminder == nil {
		t.Errorf("first of what changed: %+v", e)
	}
	if !strings.HasPrefix(d.Subject, "1 påminnelse, 2 nya utlysningar, ") || !strings.HasPrefix(d.Lead, "Påminnelse: en sista dag närmar sig för det ni följer eller har tagit. Sedan förra brevet: ") {
		t.Errorf("%q, %q", d.Subject, d.Lead)
	}
	r := reminding(in)
	r.Reminders = nil
	without := read(t, in, r, "sv")
	if d.News() != without.News() {
		t.Error("a reminder is counted as news")
	}
}

// A mail of reminders alone.
func TestReminderMail(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"sv", "en"} {
		in := linkedTo(normalDay())
		r := reminding(in)
		r.Only = true
		d := read(t, in, r, lang)
		html, err := HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "reminder-"+lang+".txt.golden", []byte(Text(d)))
		golden(t, "reminder-"+lang+".html.golden", html)
		if len(d.Sections) != 1 || d.Sections[0].Count != 2 || d.News() != 0 || !d.Worth() {
			t.Errorf("%+v", d.Sections)
		}
	}
	in := normalDay()
	r := reminding(in)
	r.Only, r.Reminders = true, r.Reminders[1:2]
	if d := read(t, in, r, "sv"); !strings.HasPrefix(d.Subject, "Sista dag om ") || !strings.HasSuffix(d.Subject, " – EU-strateg, 23 april") {
		t.Error(d.Subject)
	}
	quiet := emptyDay()
	quiet.Calls = in.Calls
	r.Only, r.Changes = false, nil
	if d := read(t, quiet, r, "sv"); !strings.HasPrefix(d.Lead, "Påminnelse: ") {
		t.Error(d.Lead)
	}
}
