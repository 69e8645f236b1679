package subscription

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

func TestReminders(t *testing.T) {
	t.Parallel()
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time {
		d, err := time.ParseInLocation(time.DateOnly, s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a, b := call.Key{Source: "ft-portal", Ref: "1"}, call.Key{Source: "vinnova", Ref: "2"}
	steps := []int{30, 14, 7, 1}
	for _, c := range []struct {
		name     string
		deadline string
		decided  string
		today    string
		until    int
		given    []Reminder
		want     int // the step; -1 for none
	}{
		{"far away", "2026-06-30", "2026-01-10", "2026-05-20", 1, nil, -1},
		{"30 days before", "2026-06-19", "2026-01-10", "2026-05-20", 1, nil, 30},
		{"given on the day", "2026-06-19", "2026-01-10", "2026-05-20", 1, []Reminder{{a, "2026-06-19", 30}}, -1},
		{"the next morning", "2026-06-19", "2026-01-10", "2026-05-21", 1, []Reminder{{a, "2026-06-19", 30}}, -1},
		{"a missed day is caught up", "2026-06-19", "2026-01-10", "2026-05-23", 1, nil, 30},
		{"two missed steps are one reminder", "2026-06-19", "2026-01-10", "2026-06-08", 1, nil, 14},
		{"and the farther one is not given after it", "2026-06-19", "2026-01-10", "2026-06-09", 1, []Reminder{{a, "2026-06-19", 14}}, -1},
		{"7 days", "2026-06-19", "2026-01-10", "2026-06-12", 1, []Reminder{{a, "2026-06-19", 30}, {a, "2026-06-19", 14}}, 7},
		{"the day before", "2026-06-19", "2026-01-10", "2026-06-18", 1, []Reminder{{a, "2026-06-19", 7}}, 1},
		{"missed until the day itself", "2026-06-19", "2026-01-10", "2026-06-19", 1, []Reminder{{a, "2026-06-19", 7}}, 1},
		{"passed", "2026-06-19", "2026-01-10", "2026-06-20", 1, nil, -1},
		{"moved later", "2026-07-03", "2026-01-10", "2026-06-19", 1, []Reminder{{a, "2026-06-19", 1}}, 14},
		{"moved earlier, past several steps", "2026-06-24", "2026-01-10", "2026-06-19", 1, []Reminder{{a, "2026-09-01", 30}}, 7},
		{"moved and back", "2026-06-19", "2026-01-10", "2026-06-18", 1, []Reminder{{a, "2026-06-19", 1}, {a, "2026-06-25", 7}}, -1},
		{"given under another source's item", "2026-06-19", "2026-01-10", "2026-06-12", 1, []Reminder{{b, "2026-06-19", 7}}, -1},
		{"decided with ten days left", "2026-06-19", "2026-06-09", "2026-06-09", 1, nil, -1},
		{"and reminded at seven", "2026-06-19", "2026-06-09", "2026-06-12", 1, nil, 7},
		{"decided on the day of a step", "2026-06-19", "2026-06-12", "2026-06-13", 1, nil, -1},
		{"on Monday, asked on Friday", "2026-06-15", "2026-01-10", "2026-06-12", 3, []Reminder{{a, "2026-06-15", 7}}, 1},
		{"on Tuesday, asked on Friday", "2026-06-16", "2026-01-10", "2026-06-12", 3, []Reminder{{a, "2026-06-16", 7}}, -1},
		{"on Saturday, asked on Friday", "2026-06-13", "2026-01-10", "2026-06-12", 3, nil, 1},
		{"a step that falls on Sunday, asked on Friday", "2026-06-21", "2026-01-10", "2026-06-12", 3, []Reminder{{a, "2026-06-21", 14}}, 7},
		{"across the clock's change", "2026-03-30", "2026-01-10", "2026-03-23", 1, []Reminder{{a, "2026-03-30", 14}}, 7},
	} {
		got := Reminders([]Awaited{{Keys: []call.Key{a, b}, Deadline: day(c.deadline).Add(17 * time.Hour), Since: day(c.decided).Add(9 * time.Hour)}}, c.given, steps, day(c.today).Add(8*time.Hour), c.until)
		var want []Reminder
		if c.want >= 0 {
			want = []Reminder{{a, c.deadline, c.want}}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if got := Reminders([]Awaited{{Keys: []call.Key{a}, Deadline: day("2026-06-19")}}, nil, nil, day("2026-06-18"), 1); len(got) > 0 {
		t.Errorf("without steps: %v", got)
	}
}

// A year of mornings, some of them missed: each step of a deadline is given once at the most, the last one before it
// has passed, and never late when a morning was there.
func TestRemindersOverTime(t *testing.T) {
	t.Parallel()
	k := call.Key{Source: "s", Ref: "1"}
	deadline := time.Date(2026, 6, 24, 17, 0, 0, 0, time.UTC)
	for missed := range 7 {
		var given []Reminder
		for d := time.Date(2026, 5, 1, 7, 0, 0, 0, time.UTC); d.Before(deadline.AddDate(0, 0, 10)); d = d.AddDate(0, 0, 1) {
			if !Weekdays(d) || missed > 0 && d.YearDay()%7 == missed {
				continue
			}
			given = append(given, Reminders([]Awaited{{Keys: []call.Key{k}, Deadline: deadline, Since: deadline.AddDate(-1, 0, 0)}}, given, []int{30, 14, 7, 1}, d, UntilNext(d, Weekdays))...)
		}
		var got []int
		for _, g := range given {
			got = append(got, g.Step)
		}
		if diff := cmp.Diff([]int{30, 14, 7, 1}, got); diff != "" {
			t.Errorf("missing each day %d of the week (-want +got):\n%s", missed, diff)
		}
	}
}

func TestParseSteps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{"30, 14, 7, 1": {30, 14, 7, 1}, "3": {3}, "": nil, " ": nil, "0,365": {0, 365}} {
		if got, err := ParseSteps(text); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "1,,2", "-1", "366", "7, 7", "1;2"} {
		if got, err := ParseSteps(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC) // Wednesday, 8 in Stockholm
	for _, c := range []struct {
		name  string
		alter func(*Recipient)
		now   time.Time
		want  string // address
	}{
		{"yes", func(*Recipient) {}, now, "a@example.org"},
		{"before its hour", func(r *Recipient) { r.Hour = 9 }, now, ""},
		{"a Saturday", func(*Recipient) {}, now.AddDate(0, 0, 3), ""},
		{"told today", func(r *Recipient) { r.Progress.Period = "2026-05-13" }, now, ""},
		{"paused", func(r *Recipient) { r.Pause.Until = "2026-05-14" }, now, ""},
		{"with a stand-in", func(r *Recipient) { r.Pause = Pause{"2026-05-14", "b@example.org"} }, now, "b@example.org"},
		{"refused", func(r *Recipient) { r.Suspended.Since = now }, now, ""},
	} {
		r := Recipient{ID: "a", Address: "a@example.org", Zone: "Europe/Stockholm", Hour: 7, Rhythm: Weekly, Weekday: "monday"}
		c.alter(&r)
		d, ok := r.Clear(c.now, Weekdays)
		if ok != (c.want != "") || d.Address != c.want {
			t.Errorf("%s: %+v, %v", c.name, d, ok)
		}
	}
}
