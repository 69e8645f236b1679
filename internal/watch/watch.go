// Package watch judges how the sources stand: a pure function of their runs and the time. It is what lets a reader rely
// on silence: that nothing came has to mean that nothing was published, not that a site changed its page.
//
//   - A run says how it went: read to its end or not, believed or not, with the class of what was wrong ([kind.Fault]).
//   - Its items say what they hold: [Measure] counts them, [Drift] compares with earlier runs and names a jump, a fall,
//     and a field that vanished.
//   - [History] lays runs and the time between them in a row of spells; [Judge] gives the last one.
//   - [Standing] says which spells have lasted so long that the operator is told.
package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// State is how a source stands.
type State string

// The states of a source.
const (
	OK          State = "ok"          // read completely, and something came
	Quiet       State = "quiet"       // read completely, and nothing came
	Late        State = "late"        // not read when it should have been
	Incomplete  State = "incomplete"  // not read to the end, or without fields that it used to have
	Broken      State = "broken"      // not read
	Quarantined State = "quarantined" // read, but so strange that the new waits
	Disabled    State = "disabled"    // not to be read
)

// States are all of them, worst first.
func States() []State { return []State{Broken, Incomplete, Late, Quarantined, Quiet, OK, Disabled} }

// Validate tells whether s is one of the known states.
func (s State) Validate() error {
	if slices.Contains(States(), s) {
		return nil
	}
	return fmt.Errorf("state %q is none of ok, quiet, late, incomplete, broken, quarantined, disabled", string(s))
}

// Well tells whether the state asks nothing of the operator.
func (s State) Well() bool { return s == OK || s == Quiet || s == Disabled }

// Run is one crawl of a source that has ended.
type Run struct {
	Started, Ended time.Time
	Complete       bool
	Suspect        bool
	Seen           int
	Added          int
	Changed        int
	Error          string
	Findings       []kind.Finding
}

// Status is how a source stands at a time.
type Status struct {
	State        State
	Since        time.Time // of the first run that was so, or since when a run is missing; zero if it was never read
	Reason       string    // in words
	LastComplete time.Time // start of the last run that read everything; zero if there is none
}

// Spell is a time during which a source stood in one state.
type Spell struct {
	State  State
	Since  time.Time
	Reason string // the latest
}

// Judge says how a source stands at now. runs are its crawls that have ended, oldest first.
func Judge(src kind.Source, runs []Run, now time.Time) Status {
	spells := History(src, runs, now)
	last := spells[len(spells)-1]
	st := Status{State: last.State, Since: last.Since, Reason: last.Reason}
	for _, r := range runs {
		if r.Complete {
			st.LastComplete = r.Started
		}
	}
	return st
}

// History gives the spells of a source until now, oldest first; there is always one. runs are as in [Judge].
func History(src kind.Source, runs []Run, now time.Time) []Spell {
	var out []Spell
	add := func(s Spell) {
		if n := len(out); n > 0 && out[n-1].State == s.State {
			out[n-1].Reason = s.Reason
			return
		}
		out = append(out, s)
	}
	limit := LateAfter(src.Every)
	today, came := "", 0 // what came on the day of the latest run: a second crawl of a morning finds nothing
	for i, r := range runs {
		if i > 0 {
			if due := runs[i-1].Ended.Add(limit); r.Ended.After(due) {
				add(Spell{Late, due, notRead(src, runs[i-1].Started)})
			}
		}
		if d := day(r.Started); d != today {
			today, came = d, 0
		}
		came += r.Added + r.Changed
		state, reason := stateOf(r, came)
		add(Spell{state, r.Ended, reason})
	}
	switch n := len(runs); {
	case !src.Enabled:
		since := time.Time{}
		if n > 0 {
			since = runs[n-1].Ended
		}
		add(Spell{Disabled, since, "disabled by its file or the configuration"})
	case n == 0:
		add(Spell{Late, time.Time{}, "never read"})
	default:
		if due := runs[n-1].Ended.Add(limit); now.After(due) {
			add(Spell{Late, due, notRead(src, runs[n-1].Started)})
		}
	}
	return out
}

// LateAfter is how long after its last run a source is late: a day's rhythm and half a day to mend it, or as much of a
// slower rhythm. A quicker one is no promise to readers, who are told once a day.
func LateAfter(every time.Duration) time.Duration {
	return max(36*time.Hour, every+every/2)
}

func notRead(src kind.Source, last time.Time) string {
	return fmt.Sprintf("not read since %s, to be read every %s", last.In(call.Brussels()).Format("2006-01-02 15:04"), Rhythm(src.Every))
}

// Rhythm is a duration without the zeros at its end: 24h.
func Rhythm(d time.Duration) string {
	s := d.String()
	for _, zeros := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zeros) {
			s = strings.TrimSuffix(s, zeros[1:])
		}
	}
	return s
}

// stateOf says how a run left its source, and why. came is what was new or changed on its day.
func stateOf(r Run, came int) (State, string) {
	words := func(faults ...kind.Fault) string {
		var out []string
		for _, f := range r.Findings {
			if slices.Contains(faults, f.Fault) {
				out = append(out, f.Text)
			}
		}
		return strings.Join(out, "; ")
	}
	failed := !r.Complete || r.Error != ""
	strange := words(kind.FaultJump, kind.FaultFall, kind.FaultStale, kind.FaultWaiting)
	waiting := words(kind.FaultWaiting)
	vanished := words(kind.FaultVanished)
	switch {
	case failed && r.Seen == 0:
		return Broken, cmp.Or(r.Error, "nothing was read")
	case r.Suspect || waiting != "":
		return Quarantined, cmp.Or(strange, "a reading that is not believed")
	case failed:
		return Incomplete, cmp.Or(r.Error, "not read to the end")
	case vanished != "":
		return Incomplete, vanished
	case came == 0:
		return Quiet, "read to the end, nothing came"
	}
	return OK, fmt.Sprintf("read to the end, %d new or changed that day", came)
}

// day is the local day of Brussels.
func day(t time.Time) string { return t.In(call.Brussels()).Format(time.DateOnly) }
