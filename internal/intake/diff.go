package intake

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/internal/call"
)

// Overlay gives what is known of a call after a new reading of it. A field that the reading leaves empty
// keeps its old value: portals drop columns for a day (budgetOverview of whole calls vanishes and returns),
// and a column that is gone says nothing about the call.
func Overlay(old, read call.Call) call.Call {
	merged := call.Fill(read, old)
	merged.Status = cmp.Or(read.Status, old.Status)
	merged.Deadlines = steady(old.Deadlines, merged.Deadlines)
	if sameMinute(old.Opens, merged.Opens) {
		merged.Opens = old.Opens
	}
	// Lists of words come in any order; an equal set is no change.
	if sameSet(old.Topics, merged.Topics) {
		merged.Topics = old.Topics
	}
	if sameSet(old.ActionTypes, merged.ActionTypes) {
		merged.ActionTypes = old.ActionTypes
	}
	return merged
}

// steady keeps the old clock times where the portal only shook the seconds: external-action calls get new
// random seconds at every ingest, which may carry over the minute.
func steady(old, read []call.Moment) []call.Moment {
	if len(old) != len(read) {
		return read
	}
	for i := range old {
		if !sameMinute(old[i], read[i]) {
			return read
		}
	}
	return old
}

func sameMinute(a, b call.Moment) bool {
	if a.Date() != b.Date() || a.DayOnly() != b.DayOnly() {
		return false
	}
	d := a.Time().Sub(b.Time())
	return d > -2*time.Minute && d < 2*time.Minute
}

func sameSet(a, b []string) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// Diff lists what changed between two readings of one call, in the order of the fields' weight to a reader.
// Source, ref and time are the caller's to add. Deadlines and opening days are compared as local days,
// never as clock times; a changed clock time on the same day is history only.
func Diff(old, now call.Call) []call.Change {
	var out []call.Change
	add := func(e call.Event, field, from, to string, material bool) {
		out = append(out, call.Change{Event: e, Field: field, Old: from, New: to, Material: material})
	}

	if old.Status != now.Status {
		e := call.EventStatus
		switch {
		case old.Status == call.StatusForthcoming && now.Status == call.StatusOpen:
			e = call.EventOpened
		case now.Status == call.StatusClosed:
			e = call.EventClosed
		}
		add(e, "status", string(old.Status), string(now.Status), old.Status != "")
	}
	switch from, to := days(old.Deadlines), days(now.Deadlines); {
	case from != to:
		add(call.EventDeadlines, "deadlines", from, to, true)
	case !slices.EqualFunc(old.Deadlines, now.Deadlines, call.Moment.Equal):
		add(call.EventText, "deadlines", moments(old.Deadlines), moments(now.Deadlines), false)
	}
	switch from, to := old.Opens.Date(), now.Opens.Date(); {
	case from != to:
		add(call.EventOpens, "opens", from, to, now.Status == call.StatusForthcoming && from != "")
	case !old.Opens.Equal(now.Opens):
		add(call.EventText, "opens", old.Opens.String(), now.Opens.String(), false)
	}
	if old.BudgetEUR != now.BudgetEUR {
		// A budget that is stated for the first time is news of the record, not of the call: it came with
		// a column that was missing the days before.
		e := call.EventBudget
		if old.BudgetEUR == 0 {
			e = call.EventText
		}
		add(e, "budget_eur", number(old.BudgetEUR), number(now.BudgetEUR), e == call.EventBudget)
	}
	if old.Eligible != now.Eligible {
		add(call.EventText, "eligible", old.Eligible, now.Eligible, old.Eligible != "")
	}
	if old.Identifier != now.Identifier {
		add(call.EventIdentifier, "identifier", old.Identifier, now.Identifier, false)
	}
	if old.Title != now.Title {
		add(call.EventTitle, "title", old.Title, now.Title, false)
	}
	if old.Text != now.Text {
		// The versions hold the words; the log only says how much text there was and is.
		add(call.EventText, "text", number(int64(len(old.Text))), number(int64(len(now.Text))), false)
	}
	for _, f := range []struct{ field, from, to string }{
		{"kind", string(old.Kind), string(now.Kind)},
		{"programme", old.Programme, now.Programme},
		{"call", old.Call, now.Call},
		{"call_title", old.CallTitle, now.CallTitle},
		{"parent_title", old.ParentTitle, now.ParentTitle},
		{"project", old.Project, now.Project},
		{"deadline_model", old.DeadlineModel, now.DeadlineModel},
		{"action_types", strings.Join(old.ActionTypes, ", "), strings.Join(now.ActionTypes, ", ")},
		{"grants", number(int64(old.Grants)), number(int64(now.Grants))},
		{"contribution_min_eur", number(old.MinEUR), number(now.MinEUR)},
		{"contribution_max_eur", number(old.MaxEUR), number(now.MaxEUR)},
		{"topics", strings.Join(old.Topics, ", "), strings.Join(now.Topics, ", ")},
		{"divisions", strings.Join(old.Divisions, ", "), strings.Join(now.Divisions, ", ")},
		{"language", old.Language, now.Language},
		{"url", old.URL, now.URL},
		{"expected", old.Expected, now.Expected},
		{"translations", translations(old.Translations), translations(now.Translations)},
		{"stages", stages(old.Stages), stages(now.Stages)},
		{"links", links(old.Links), links(now.Links)},
	} {
		if f.from != f.to {
			add(call.EventText, f.field, f.from, f.to, false)
		}
	}
	return out
}

func days(ms []call.Moment) string {
	var out []string
	for _, m := range ms {
		if d := m.Date(); !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return strings.Join(out, ", ")
}

func moments(ms []call.Moment) string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = m.String()
	}
	return strings.Join(out, ", ")
}

func translations(ts []call.Translation) string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.Language + ": " + t.Title
	}
	return strings.Join(out, "; ")
}

func stages(ss []call.Stage) string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = strings.TrimSpace(s.Name + " " + s.Opens.String() + "/" + s.Closes.String())
	}
	return strings.Join(out, "; ")
}

func links(ls []call.Link) string {
	out := make([]string, len(ls))
	for i, l := range ls {
		out[i] = strings.TrimSpace(l.Title + " " + l.URL)
	}
	return strings.Join(out, "; ")
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
