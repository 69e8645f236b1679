package subscription

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

func sample() Recipient {
	return Recipient{ID: "kultur", Address: "kultur@example.org", Name: "Kultur", Language: "sv", Zone: "Europe/Stockholm", Hour: 7, Rhythm: Daily, Lifesign: true,
		Follows: []Subscription{{Departments: []string{"kultur"}}}}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Subscription
	}{
		{"department:kultur", Subscription{Departments: []string{"kultur"}}},
		{"priority:kultur,miljo-klimat kind:consultation", Subscription{Priorities: []string{"kultur", "miljo-klimat"}, Kinds: []call.Kind{call.KindConsultation}}},
		{`programme:CEF,"Have Your Say"`, Subscription{Programmes: []string{"CEF", "Have Your Say"}}},
		{`search:vätgas OR "hydrogen valley" kind:call`, Subscription{Search: `vätgas OR "hydrogen valley" kind:call`}},
		{`Vätgas i norr = kind:call search:vätgas`, Subscription{Name: "Vätgas i norr", Kinds: []call.Kind{call.KindCall}, Search: "vätgas"}},
	} {
		got, err := Parse(c.text)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", c.text, err, diff)
		}
		again, err := Parse(got.String())
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("%q written as %q: %v (-want +got):\n%s", c.text, got.String(), err, diff)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "follows nothing"},
		{"kultur", `at "kultur": want department:ID`},
		{"kind:call kultur", `at "kultur"`},
		{"priority:", `at "priority:"`},
		{"priority:a,,b", `at "priority:a,,b"`},
		{"search: ", "without a query"},
		{"Namn = ", "want department:ID"},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	known := Known{
		Department: func(id string) bool { return id == "kultur" },
		Priority:   func(id string) bool { return id == "kultur" },
		Query: func(text string) error {
			if strings.HasSuffix(text, `"`) {
				return errors.New("a quote is not closed")
			}
			return nil
		},
	}
	if r := sample(); len(r.Check(known)) > 0 {
		t.Errorf("a good one: %v", r.Check(known))
	}
	long := strings.Repeat("å", 4000)
	for _, c := range []struct {
		name string
		do   func(*Recipient)
		want []Problem // texts are compared by their beginnings
	}{
		{"id", func(r *Recipient) { r.ID = "Kultur/1" }, []Problem{{"id", "want small letters"}}},
		{"no address", func(r *Recipient) { r.Address = "" }, []Problem{{"address", "missing"}}},
		{"a line break", func(r *Recipient) { r.Address = "a@example.org\nBcc: b@example.org" }, []Problem{{"address", `address "a@example.org\nBcc: b@example.org" holds a line break`}}},
		{"a carriage return", func(r *Recipient) { r.Address = "a@example.org\r" }, []Problem{{"address", `address "a@example.org\r" holds a line break`}}},
		{"two addresses", func(r *Recipient) { r.Address = "a@example.org, b@example.org" }, []Problem{{"address", "want an address"}}},
		{"a name and an address", func(r *Recipient) { r.Address = "A <a@example.org>" }, []Problem{{"address", "want an address"}}},
		{"no domain", func(r *Recipient) { r.Address = "kultur" }, []Problem{{"address", "want an address"}}},
		{"not ASCII", func(r *Recipient) { r.Address = "kultur@länet.se" }, []Problem{{"address", `address "kultur@länet.se" holds letters outside ASCII`}}},
		{"a long address", func(r *Recipient) { r.Address = strings.Repeat("a", 300) + "@example.org" }, []Problem{{"address", "want an address"}}},
		{"a name of lines", func(r *Recipient) { r.Name = "Kultur\nBcc: x" }, []Problem{{"name", "want a name on one line"}}},
		{"a long name", func(r *Recipient) { r.Name = long }, []Problem{{"name", "want a name on one line"}}},
		{"department", func(r *Recipient) { r.Department = "musik" }, []Problem{{"department", `no department "musik"`}}},
		{"language", func(r *Recipient) { r.Language = "de" }, []Problem{{"language", "want sv or en"}}},
		{"zone", func(r *Recipient) { r.Zone = "Sverige" }, []Problem{{"zone", "want a time zone"}}},
		{"hour", func(r *Recipient) { r.Hour = 24 }, []Problem{{"hour", "want 0 to 23"}}},
		{"rhythm", func(r *Recipient) { r.Rhythm = "hourly" }, []Problem{{"rhythm", `rhythm "hourly" is none of`}}},
		{"weekly without a day", func(r *Recipient) { r.Rhythm = Weekly }, []Problem{{"weekday", "missing"}}},
		{"a day that is none", func(r *Recipient) { r.Rhythm, r.Weekday = Weekly, "måndag" }, []Problem{{"weekday", `weekday "måndag" is none of`}}},
		{"daily with a day", func(r *Recipient) { r.Weekday = "monday" }, []Problem{{"weekday", "only a weekly mail has a day"}}},
		{"pause", func(r *Recipient) { r.Pause.Until = "augusti" }, []Problem{{"paused_until", "want a day"}}},
		{"stand-in without a pause", func(r *Recipient) { r.Pause.StandIn = "a@example.org" }, []Problem{{"stand_in", "there is a stand-in"}}},
		{"its own stand-in", func(r *Recipient) { r.Pause = Pause{"2026-08-10", "Kultur@example.org"} }, []Problem{{"stand_in", "is the recipient's own"}}},
		{"follows nothing", func(r *Recipient) { r.Follows = nil }, []Problem{{"follows", "missing"}}},
		{"follows", func(r *Recipient) {
			r.Follows = []Subscription{{}, {Departments: []string{"x"}, Priorities: []string{"kultur", "y"}, Programmes: []string{""}, Kinds: []call.Kind{"z"}, Search: `"a b"`, Name: long}}
		}, []Problem{{"follows[0]", "follows nothing"}, {"follows[1].name", "want a name"}, {"follows[1].departments", `no department "x"`}, {"follows[1].priorities", `no priority "y"`},
			{"follows[1].programmes", "want the short name"}, {"follows[1].kinds", `kind "z" is none of`}, {"follows[1].search", `"\"a b\"": a quote is not closed`}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sample()
			c.do(&r)
			got := r.Check(known)
			for i := range got {
				if i < len(c.want) && strings.HasPrefix(got[i].Text, c.want[i].Text) {
					got[i].Text = c.want[i].Text
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err) // a test's own mistake
	}
	return t
}

// holidays are Swedish ones that the cases fall on.
func holidays(day time.Time) bool {
	d := day.Format(time.DateOnly)
	return Weekdays(day) && d != "2026-04-03" && d != "2026-04-06" && d != "2026-01-01" && d != "2026-05-14"
}

func TestDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, now string
		do        func(*Recipient)
		want      string
		why       Why
	}{
		{"before the hour: yesterday's", "2026-05-13T04:59:00Z", nil, "2026-05-12", ""},
		{"at the hour", "2026-05-13T05:00:00Z", nil, "2026-05-13", ""},
		{"told", "2026-05-13T21:00:00Z", func(r *Recipient) { r.Progress.Period = "2026-05-13" }, "", WhyTold},
		{"missed for days: once", "2026-05-15T06:00:00Z", func(r *Recipient) { r.Progress.Period = "2026-05-11" }, "2026-05-15", ""},
		{"weekend: Friday's", "2026-05-17T06:00:00Z", func(r *Recipient) { r.Progress.Period = "2026-05-13" }, "2026-05-15", ""},
		{"weekend: told", "2026-05-17T06:00:00Z", func(r *Recipient) { r.Progress.Period = "2026-05-15" }, "", WhyTold},
		{"a holiday", "2026-05-14T06:00:00Z", func(r *Recipient) { r.Progress.Period = "2026-05-13" }, "", WhyTold},
		{"another zone", "2026-05-13T05:30:00Z", func(r *Recipient) { r.Zone = "Europe/Helsinki"; r.Hour = 8 }, "2026-05-13", ""},
		{"summer time begins", "2026-03-30T00:30:00Z", func(r *Recipient) { r.Hour = 2 }, "2026-03-30", ""},
		{"winter time begins, the hour comes twice", "2026-10-26T01:00:00Z", func(r *Recipient) { r.Hour = 2 }, "2026-10-26", ""},
		{"weekly", "2026-05-15T06:00:00Z", func(r *Recipient) { r.Rhythm, r.Weekday = Weekly, "wednesday" }, "2026-05-13", ""},
		{"weekly on Easter Monday: Tuesday", "2026-04-07T06:00:00Z", func(r *Recipient) { r.Rhythm, r.Weekday = Weekly, "monday" }, "2026-04-07", ""},
		{"weekly on Easter Monday: not yet", "2026-04-06T06:00:00Z", func(r *Recipient) {
			r.Rhythm, r.Weekday, r.Progress.Period = Weekly, "monday", "2026-03-30"
		}, "", WhyTold},
		{"weekly on a Sunday: Monday", "2026-05-18T06:00:00Z", func(r *Recipient) { r.Rhythm, r.Weekday = Weekly, "sunday" }, "2026-05-18", ""},
		{"monthly", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Rhythm = Monthly }, "2026-05-01", ""},
		{"monthly in January", "2026-01-02T06:00:00Z", func(r *Recipient) { r.Rhythm = Monthly }, "2026-01-02", ""},
		{"monthly, before the hour of the day", "2026-06-01T04:00:00Z", func(r *Recipient) { r.Rhythm, r.Progress.Period = Monthly, "2026-05-01" }, "", WhyTold},
		{"paused", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Pause.Until = "2026-05-14" }, "", WhyPaused},
		{"the pause is over", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Pause.Until = "2026-05-13" }, "2026-05-13", ""},
		{"a stand-in", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Pause = Pause{"2026-05-14", "b@example.org"} }, "2026-05-13 b@example.org", ""},
		{"suspended", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Suspended.Since = at("2026-05-12T06:00:00Z") }, "", WhySuspended},
		{"suspended, with a stand-in", "2026-05-13T06:00:00Z", func(r *Recipient) {
			r.Suspended.Since, r.Pause = at("2026-05-12T06:00:00Z"), Pause{"2026-05-14", "b@example.org"}
		}, "2026-05-13 b@example.org", ""},
		{"added after the hour: today's", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Progress.Mailed = at("2026-05-13T05:59:00Z") }, "2026-05-13", ""},
		{"added before the hour: not yesterday's", "2026-05-13T04:30:00Z", func(r *Recipient) { r.Progress.Mailed = at("2026-05-13T04:00:00Z") }, "", WhyTold},
		{"follows nothing", "2026-05-13T06:00:00Z", func(r *Recipient) { r.Follows = nil }, "", WhyNothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sample()
			if c.do != nil {
				c.do(&r)
			}
			d, why := r.Due(at(c.now), holidays)
			got := d.Period
			if d.StandIn {
				got += " " + d.Address
			}
			if got != c.want || why != c.why {
				t.Errorf("got %q, %q, want %q, %q", got, why, c.want, c.why)
			}
			if why == WhyTold {
				next, ok := r.Next(at(c.now), holidays)
				if r.Progress.Period = ""; !ok || !next.After(at(c.now)) {
					t.Errorf("next is %s", next)
				}
				if d, _ := r.Due(next, holidays); !d.At.Equal(next) {
					t.Errorf("next is said to be %s, and then %s is due", next, d.At)
				}
			}
		})
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Progress.Mailed = at("2026-04-13T05:00:00Z")
	for day, want := range map[string]bool{"2026-05-12T05:00:00Z": false, "2026-05-13T05:00:00Z": true} {
		if got := r.Silent(at(day)); got != want {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
	r.Lifesign = false
	if r.Silent(at("2027-05-13T05:00:00Z")) {
		t.Error("a sign of life that nobody wants")
	}
}

func TestDecision(t *testing.T) {
	t.Parallel()
	key := call.Key{Source: "ft-portal", Ref: "1"}
	for _, c := range []struct {
		d    Decision
		want string
	}{
		{Decision{Key: key, Department: "kultur", Choice: Follow}, ""},
		{Decision{Key: key, Recipient: "a", Choice: Undecided}, ""},
		{Decision{Key: key, Department: "kultur", Choice: NotRelevant}, "needs a reason"},
		{Decision{Key: key, Choice: Act}, "want a department or a recipient"},
		{Decision{Key: key, Department: "kultur", Recipient: "a", Choice: Act}, "one of them"},
		{Decision{Key: key, Department: "kultur", Choice: "maybe"}, `decision "maybe" is none of`},
		{Decision{Key: key, Department: "kultur", Choice: Act, Why: "a\nb"}, "on one line"},
	} {
		if err := c.d.Check(); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: got %v, want %q", c.d, err, c.want)
		}
	}
}
