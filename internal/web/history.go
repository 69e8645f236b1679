package web

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/diff"
	"utkik/internal/store"
)

// event is a line of the call's history. Change says from what to what, where that can be said in a line; Words tells long
// texts apart.
type event struct {
	When, What, Field, Change string
	Words                     []diff.Part
}

// aroundChange is how many letters that stayed are shown on each side of what changed in a long text.
const aroundChange = 160

// history tells what happened, newest first. versions are all that the call had, oldest first.
func (s *Server) history(f Frame, changes []call.Change, versions []store.Version) []event {
	var out []event
	for i := len(changes) - 1; i >= 0; i-- {
		e := s.event(f, &changes[i])
		if e.Words = words(&changes[i], versions); e.Words != nil {
			e.Change = ""
		}
		out = append(out, e)
	}
	return out
}

// words tells the texts before and after a change apart; nil where the change is not of a text, or the version before is not
// kept.
func words(ch *call.Change, versions []store.Version) []diff.Part {
	var of func(*call.Call) string
	switch ch.Field {
	case "text":
		of = func(c *call.Call) string { return c.Text }
	case "eligible":
		of = func(c *call.Call) string { return c.Eligible }
	case "title":
		of = func(c *call.Call) string { return c.Title }
	default:
		return nil
	}
	for i := len(versions) - 1; i > 0; i-- {
		if !versions[i].At.Equal(ch.At) {
			continue
		}
		was, is := of(&versions[i-1].Call), of(&versions[i].Call)
		if was == is || was == "" || is == "" {
			return nil
		}
		return diff.Around(diff.Words(was, is), aroundChange)
	}
	return nil
}

func (s *Server) event(f Frame, ch *call.Change) event {
	t := f.T
	e := event{When: t.moment(call.At(ch.At)), What: t.Events[string(ch.Event)]}
	switch ch.Event {
	case call.EventNew:
		if ch.Baseline {
			e.What = t.Baseline
		}
		return e
	case call.EventStatus:
		if ch.Field == "listed" {
			e.What = t.Returned
			return e
		}
		e.Change = s.change(f, ch)
	case call.EventWithdrawn, call.EventOpened, call.EventClosed: // say it all
	default:
		e.Change = s.change(f, ch)
	}
	if ch.Event == call.EventText {
		e.Field = t.Fields[ch.Field]
	}
	if ch.Mended {
		e.What = fmt.Sprintf(t.Mended, e.What)
	}
	return e
}

// change says from what to what.
func (s *Server) change(f Frame, ch *call.Change) string {
	from, to := s.value(f, ch.Field, ch.Old), s.value(f, ch.Field, ch.New)
	switch {
	case from != "" && to != "" && from != to:
		return fmt.Sprintf(f.T.ChangeBoth, from, to)
	case to != "":
		return fmt.Sprintf(f.T.ChangeTo, to)
	case from != "":
		return fmt.Sprintf(f.T.ChangeFrom, from)
	}
	return ""
}

// day is the day of an instant, in Swedish time.
func (t *texts) day(at time.Time) string {
	local := at.In(call.Brussels())
	return t.moment(call.Day(local.Year(), local.Month(), local.Day()))
}

// maxValue is how many letters of an old or new value the history shows.
const maxValue = 200

// value puts an old or new value of the change log into the reader's words.
func (s *Server) value(f Frame, field, v string) string {
	switch field {
	case "status":
		return f.T.Statuses[v]
	case "kind":
		return cmp.Or(f.T.Kinds[v], v)
	case "text":
		var n int64
		if _, err := fmt.Sscan(v, &n); err == nil {
			return fmt.Sprintf(f.T.Characters, number(n, f.T.Group))
		}
	case "budget_eur", "contribution_min_eur", "contribution_max_eur":
		var n int64
		if _, err := fmt.Sscan(v, &n); err == nil {
			return f.T.euro(n)
		}
	case "deadlines", "opens":
		var out []string
		for _, d := range strings.Split(v, ", ") {
			if m, err := call.ParseMoment(d); err == nil {
				d = f.T.moment(m)
			}
			out = append(out, d)
		}
		return strings.Join(out, "; ")
	}
	return short(v, maxValue)
}
