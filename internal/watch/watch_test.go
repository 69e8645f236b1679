package watch_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/watch"
)

var begin = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

// at is an hour of a day of the test, which begins at six in Brussels.
func at(day, hour int) time.Time {
	return begin.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

var daily = kind.Source{ID: "s", Enabled: true, Every: 24 * time.Hour}

func good(day, came int) watch.Run {
	return watch.Run{Started: at(day, 0), Ended: at(day, 0), Complete: true, Seen: 40, Added: came}
}

func failed(day int) watch.Run {
	return watch.Run{Started: at(day, 0), Ended: at(day, 0), Error: "status 503", Findings: []kind.Finding{{Fault: kind.FaultServer, Text: "status 503"}}}
}

func found(r watch.Run, fault kind.Fault, text string) watch.Run {
	r.Findings = append(r.Findings, kind.Finding{Fault: fault, Text: text})
	return r
}

func TestJudge(t *testing.T) {
	t.Parallel()
	cut := good(1, 3)
	cut.Complete, cut.Error = false, "page 2: status 500"
	suspect := found(good(1, 3), kind.FaultJump, "suspect: 786 new calls came at once")
	suspect.Suspect = true
	cutSuspect := suspect
	cutSuspect.Complete = false
	again := good(1, 0)
	again.Started, again.Ended = at(1, 3), at(1, 3)
	off := daily
	off.Enabled = false
	weekly := daily
	weekly.Every = 7 * 24 * time.Hour
	for name, tc := range map[string]struct {
		src   kind.Source
		runs  []watch.Run
		now   time.Time
		state watch.State
		since time.Time
		words string
	}{
		"something came": {daily, []watch.Run{good(0, 0), good(1, 3)}, at(1, 1), watch.OK, at(1, 0), "3 new or changed"},
		"nothing came":   {daily, []watch.Run{good(0, 1), good(1, 0), good(2, 0)}, at(2, 1), watch.Quiet, at(1, 0), "nothing came"},
		"a second crawl finds nothing, and the day was not quiet": {daily, []watch.Run{good(1, 3), again}, at(1, 4), watch.OK, at(1, 0), "3 new or changed"},
		"never read":              {daily, nil, at(1, 0), watch.Late, time.Time{}, "never read"},
		"late":                    {daily, []watch.Run{good(0, 1)}, at(2, 0), watch.Late, at(1, 12), "not read since 2026-05-01 06:00"},
		"not late yet":            {daily, []watch.Run{good(0, 1)}, at(1, 12), watch.OK, at(0, 0), ""},
		"a weekly rhythm":         {weekly, []watch.Run{good(0, 1)}, at(9, 0), watch.OK, at(0, 0), ""},
		"not read to the end":     {daily, []watch.Run{good(0, 1), cut}, at(1, 1), watch.Incomplete, at(1, 0), "page 2"},
		"nothing read":            {daily, []watch.Run{good(0, 1), failed(1), failed(2)}, at(2, 1), watch.Broken, at(1, 0), "status 503"},
		"not believed":            {daily, []watch.Run{good(0, 1), suspect}, at(1, 1), watch.Quarantined, at(1, 0), "786 new calls"},
		"not believed, and cut":   {daily, []watch.Run{good(0, 1), cutSuspect}, at(1, 1), watch.Quarantined, at(1, 0), "786 new calls"},
		"a crowd waits":           {daily, []watch.Run{suspect, found(good(2, 0), kind.FaultWaiting, "40 calls wait")}, at(2, 1), watch.Quarantined, at(1, 0), "40 calls wait"},
		"a field vanished":        {daily, []watch.Run{good(0, 1), found(good(1, 2), kind.FaultVanished, "deadlines vanished")}, at(1, 1), watch.Incomplete, at(1, 0), "deadlines vanished"},
		"a field became rare":     {daily, []watch.Run{good(0, 1), found(good(1, 2), kind.FaultThin, "deadlines became rare")}, at(1, 1), watch.OK, at(0, 0), ""},
		"mended":                  {daily, []watch.Run{failed(0), good(1, 1)}, at(1, 1), watch.OK, at(1, 0), ""},
		"disabled":                {off, []watch.Run{failed(0)}, at(9, 1), watch.Disabled, at(0, 0), "disabled"},
		"disabled and never read": {off, nil, at(9, 1), watch.Disabled, time.Time{}, "disabled"},
	} {
		got := watch.Judge(tc.src, tc.runs, tc.now)
		if got.State != tc.state || !got.Since.Equal(tc.since) || !strings.Contains(got.Reason, tc.words) {
			t.Errorf("%s: %s since %s: %q; want %s since %s: %q", name, got.State, got.Since, got.Reason, tc.state, tc.since, tc.words)
		}
		if err := got.State.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := watch.State("fine").Validate(); err == nil {
		t.Error("an unknown state is valid")
	}
}

// TestDocument compares the tables of doc/sources.md with the words that runs and sources can have.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../doc/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	table := func(head string) (out []string) {
		_, rest, _ := strings.Cut(string(text), head)
		rest, _, _ = strings.Cut(rest, "\n\n")
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(rest, -1) {
			out = append(out, row[1])
		}
		slices.Sort(out)
		return out
	}
	var states, faults []string
	for _, s := range watch.States() {
		states = append(states, string(s))
	}
	for _, f := range kind.Faults() {
		faults = append(faults, string(f))
	}
	slices.Sort(states)
	slices.Sort(faults)
	if d := cmp.Diff(states, table("| state | means |")); d != "" {
		t.Errorf("states (-program +document):\n%s", d)
	}
	if d := cmp.Diff(faults, table("| fault | means |")); d != "" {
		t.Errorf("faults (-program +document):\n%s", d)
	}
}

func TestLastComplete(t *testing.T) {
	t.Parallel()
	got := watch.Judge(daily, []watch.Run{good(0, 1), good(1, 0), failed(2)}, at(2, 1))
	if !got.LastComplete.Equal(at(1, 0)) {
		t.Errorf("last complete %s, want %s", got.LastComplete, at(1, 0))
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	cut := good(0, 0)
	for name, tc := range map[string]struct {
		runs []watch.Run
		now  time.Time
		want []string
	}{
		"all is well":            {[]watch.Run{good(0, 1), good(1, 0)}, at(1, 1), nil},
		"too short":              {[]watch.Run{good(0, 1), failed(1)}, at(2, 0), nil},
		"two days":               {[]watch.Run{good(0, 1), failed(1), failed(2)}, at(2, 12), []string{"source:s:broken 2026-05-02"}},
		"mended":                 {[]watch.Run{good(0, 1), failed(1), failed(2), failed(3), good(4, 0)}, at(4, 1), nil},
		"two states that lasted": {[]watch.Run{good(0, 1), failed(1), failed(2), failed(3), cutOn(cut, 4), cutOn(cut, 5), cutOn(cut, 6)}, at(6, 1), []string{"source:s:broken 2026-05-02", "source:s:incomplete 2026-05-05"}},
		"trouble in many states": {[]watch.Run{good(0, 1), failed(1), cutOn(cut, 2), failed(3)}, at(3, 1), []string{"source:s:broken 2026-05-02"}},
		"nobody reads it":        {[]watch.Run{good(0, 1)}, at(4, 0), []string{"source:s:late 2026-05-02"}},
		"never read":             {nil, at(90, 0), nil},
	} {
		var got []string
		for _, n := range watch.Standing("s", watch.History(daily, tc.runs, tc.now), 36*time.Hour, tc.now) {
			got = append(got, n.Key+" "+n.Since.Format(time.DateOnly))
			if !strings.HasPrefix(n.Text, "source s is ") {
				t.Errorf("%s: text %q", name, n.Text)
			}
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestMended(t *testing.T) {
	t.Parallel()
	open := []string{"mail:address:a@example.org", "source:s:broken", "source:s:late", "source:s-two:broken"}
	for name, tc := range map[string]struct {
		runs []watch.Run
		want []string
	}{
		"still broken":            {[]watch.Run{failed(1), failed(2)}, nil},
		"broken in another way":   {[]watch.Run{failed(1), cutOn(good(0, 0), 2)}, nil},
		"mended":                  {[]watch.Run{failed(1), good(2, 0)}, []string{"source:s:broken", "source:s:late"}},
		"mended and broken again": {[]watch.Run{failed(0), good(1, 0), failed(2)}, nil},
	} {
		if d := cmp.Diff(tc.want, watch.Mended("s", watch.History(daily, tc.runs, at(2, 1)), open), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func cutOn(r watch.Run, day int) watch.Run {
	r.Started, r.Ended, r.Complete, r.Error = at(day, 0), at(day, 0), false, "page 2: status 500"
	return r
}

// listing makes n items of which share have a deadline.
func listing(n int, share float64) []kind.Item {
	var out []kind.Item
	for i := range n {
		c := call.Call{Source: "s", Ref: fmt.Sprint(i), Kind: call.KindCall, Title: "t"}
		if float64(i) < share*float64(n) {
			m, err := call.ParseMoment("2026-09-01")
			if err != nil {
				panic(err) // a fixture's own mistake
			}
			c.Deadlines = []call.Moment{m}
		}
		out = append(out, kind.Item{Call: c})
	}
	return out
}

func TestDrift(t *testing.T) {
	t.Parallel()
	usual := watch.Measure(listing(40, .9), nil)
	many := func(n int, c watch.Coverage) (out []watch.Coverage) {
		for range n {
			out = append(out, c)
		}
		return out
	}
	for name, tc := range map[string]struct {
		now     watch.Coverage
		earlier []watch.Coverage
		want    []string
	}{
		"the same":            {usual, many(9, usual), nil},
		"too few runs":        {watch.Measure(listing(40, 0), nil), many(2, usual), nil},
		"a field vanished":    {watch.Measure(listing(40, 0), nil), many(3, usual), []string{"vanished deadlines"}},
		"a field became rare": {watch.Measure(listing(40, .2), nil), many(3, usual), []string{"thin deadlines"}},
		"a field gets fewer":  {watch.Measure(listing(40, .6), nil), many(3, usual), nil},
		"a fall":              {watch.Measure(listing(15, .9), nil), many(3, usual), []string{"fall "}},
		"a jump":              {watch.Measure(listing(90, .9), nil), many(3, usual), []string{"jump "}},
		"a handful of items":  {watch.Measure(listing(3, 0), nil), many(3, watch.Measure(listing(4, 1), nil)), nil},
		"one odd day before":  {usual, append(many(1, watch.Measure(listing(40, 0), nil)), many(4, usual)...), nil},
		"so for a week":       {watch.Measure(listing(40, 0), nil), append(many(8, watch.Measure(listing(40, 0), nil)), many(9, usual)...), nil},
	} {
		var got []string
		for _, f := range watch.Drift(tc.now, tc.earlier) {
			got = append(got, string(f.Fault)+" "+f.Field)
			if err := f.Fault.Validate(); err != nil || f.Text == "" {
				t.Errorf("%s: %v, text %q", name, err, f.Text)
			}
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	items := listing(4, .5)
	got := watch.Measure(items, map[string]bool{"0": true})
	want := watch.Coverage{Items: 3, Have: map[string]int{"title": 3, "deadlines": 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
