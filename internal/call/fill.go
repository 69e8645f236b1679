package call

import (
	"cmp"
	"slices"
	"strings"
)

// Fill gives c with its empty fields taken from from. Identity, kind and status stay c's own. Of stages it takes
// those that c does not tell: a source that speaks of the present one only does not undo those before.
func Fill(c, from Call) Call {
	c.Title = cmp.Or(c.Title, from.Title)
	c.Programme = cmp.Or(c.Programme, from.Programme)
	c.Call = cmp.Or(c.Call, from.Call)
	c.Identifier = cmp.Or(c.Identifier, from.Identifier)
	if c.Opens.IsZero() {
		c.Opens = from.Opens
	}
	c.Deadlines = either(c.Deadlines, from.Deadlines)
	c.DeadlineModel = cmp.Or(c.DeadlineModel, from.DeadlineModel)
	c.ActionTypes = either(c.ActionTypes, from.ActionTypes)
	c.BudgetEUR = cmp.Or(c.BudgetEUR, from.BudgetEUR)
	c.Language = cmp.Or(c.Language, from.Language)
	c.Text = cmp.Or(c.Text, from.Text)
	c.URL = cmp.Or(c.URL, from.URL)
	c.Topics = either(c.Topics, from.Topics)
	c.CallTitle = cmp.Or(c.CallTitle, from.CallTitle)
	c.ParentTitle = cmp.Or(c.ParentTitle, from.ParentTitle)
	c.Project = cmp.Or(c.Project, from.Project)
	c.Divisions = either(c.Divisions, from.Divisions)
	c.Grants = cmp.Or(c.Grants, from.Grants)
	c.MinEUR = cmp.Or(c.MinEUR, from.MinEUR)
	c.MaxEUR = cmp.Or(c.MaxEUR, from.MaxEUR)
	c.Eligible = cmp.Or(c.Eligible, from.Eligible)
	c.Expected = cmp.Or(c.Expected, from.Expected)
	c.Translations = either(c.Translations, from.Translations)
	c.Stages = stages(c.Stages, from.Stages)
	c.Links = either(c.Links, from.Links)
	return c
}

// stages gives those of both lists in order of time; of one that both tell, the telling of a stands, with the dates
// that it lacks.
func stages(a, b []Stage) []Stage {
	if len(b) == 0 {
		return a
	}
	out := slices.Clone(a)
	for _, s := range b {
		i := slices.IndexFunc(out, s.same)
		if i < 0 {
			out = append(out, s)
			continue
		}
		if out[i].Opens.IsZero() {
			out[i].Opens = s.Opens
		}
		if out[i].Closes.IsZero() {
			out[i].Closes = s.Closes
		}
	}
	SortStages(out)
	return out
}

// same tells whether two tellings are of one stage: the name is the same, and so is a day, or one of them knows none.
func (s Stage) same(o Stage) bool {
	if s.Name != o.Name {
		return false
	}
	for _, d := range [][2]Moment{{s.Opens, o.Opens}, {s.Closes, o.Closes}} {
		if !d[0].IsZero() && d[0].Date() == d[1].Date() {
			return true
		}
	}
	return s.Opens.IsZero() && s.Closes.IsZero() || o.Opens.IsZero() && o.Closes.IsZero()
}

// SortStages puts stages in order of time; those without any date, which are to come, last.
func SortStages(list []Stage) {
	slices.SortStableFunc(list, func(a, b Stage) int {
		x, y := a.begins(), b.begins()
		if x.IsZero() != y.IsZero() {
			if x.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(x.Compare(y), a.Closes.Compare(b.Closes), strings.Compare(a.Name, b.Name))
	})
}

// begins is the day by which a stage has its place: its opening, or else its end.
func (s Stage) begins() Moment {
	if s.Opens.IsZero() {
		return s.Closes
	}
	return s.Opens
}

func either[T any](a, b []T) []T {
	if len(a) > 0 {
		return a
	}
	return b
}
