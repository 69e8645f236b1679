package call

import "cmp"

// Fill gives c with its empty fields taken from from. Identity, kind and status stay c's own.
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
	return c
}

func either[T any](a, b []T) []T {
	if len(a) > 0 {
		return a
	}
	return b
}
