package call

// Stated gives the fields that c has a value in, by their keys in the exchange format, in its order. Source, ref and
// kind are left out, since every call has them.
func (c *Call) Stated() []string {
	var out []string
	for _, f := range []struct {
		key string
		has bool
	}{
		{"title", c.Title != ""}, {"programme", c.Programme != ""}, {"call", c.Call != ""}, {"identifier", c.Identifier != ""},
		{"status", c.Status != ""}, {"opens", !c.Opens.IsZero()}, {"deadlines", len(c.Deadlines) > 0}, {"deadline_model", c.DeadlineModel != ""},
		{"action_types", len(c.ActionTypes) > 0}, {"budget_eur", c.BudgetEUR != 0}, {"language", c.Language != ""}, {"text", c.Text != ""},
		{"url", c.URL != ""}, {"topics", len(c.Topics) > 0}, {"call_title", c.CallTitle != ""}, {"parent_title", c.ParentTitle != ""},
		{"project", c.Project != ""}, {"divisions", len(c.Divisions) > 0}, {"grants", c.Grants != 0}, {"contribution_min_eur", c.MinEUR != 0},
		{"contribution_max_eur", c.MaxEUR != 0}, {"eligible", c.Eligible != ""},
		{"expected", c.Expected != ""}, {"translations", len(c.Translations) > 0}, {"stages", len(c.Stages) > 0}, {"links", len(c.Links) > 0},
	} {
		if f.has {
			out = append(out, f.key)
		}
	}
	return out
}
