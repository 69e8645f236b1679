package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/subscription"
)

// gradeOf is what a decision says of a call for the priorities of whoever took it; one that was taken back says nothing.
func gradeOf(c subscription.Choice) (grade float64, ok bool) {
	switch c {
	case subscription.Act:
		return 2, true
	case subscription.Follow:
		return 1, true
	case subscription.NotRelevant:
		return 0, true
	}
	return 0, false
}

// Labels are the decisions in force as labels, by call, for `match eval` and `match train`. A decision judges those
// priorities of its department or recipient for which a digest would carry the call. A call that was chosen though no digest would carry it judges
// the priority that came nearest; where none came near, nobody can tell for which it was chosen, and it is counted as left out. Where
// several decided about a call, their grades are averaged. What nobody was asked about is not judged.
func (a *App) Labels(ctx context.Context) (labels []match.Label, left int, err error) {
	if err := a.CatchUp(ctx); err != nil {
		return nil, 0, err
	}
	decisions, err := a.Store.Decisions(ctx)
	if err != nil {
		return nil, 0, err
	}
	recipients, err := a.Store.Recipients(ctx)
	if err != nil {
		return nil, 0, err
	}
	follows := map[string][]string{} // by recipient: priorities
	for i := range recipients {
		follows[recipients[i].ID] = a.prioritiesOf(&recipients[i])
	}
	keys := make([]call.Key, len(decisions))
	for i := range decisions {
		keys[i] = decisions[i].Key
	}
	matches, err := a.Store.MatchesAmong(ctx, a.Plan.ID, keys)
	if err != nil {
		return nil, 0, err
	}
	said := map[call.Key]map[string][]float64{}
	for i := range decisions {
		d := &decisions[i]
		grade, ok := gradeOf(d.Choice)
		if !ok {
			continue
		}
		theirs := follows[d.Recipient]
		if dep, ok := a.Plan.Department(d.Department); ok {
			theirs = dep.Priorities
		}
		judged := judgedOf(theirs, matches[d.Key], grade > 0)
		if len(judged) == 0 {
			left++
			continue
		}
		if said[d.Key] == nil {
			said[d.Key] = map[string][]float64{}
		}
		for _, p := range judged {
			said[d.Key][p] = append(said[d.Key][p], grade)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(said), call.Key.Compare) {
		l := match.Label{Key: key, Grades: map[string]float64{}, Judged: slices.Sorted(maps.Keys(said[key]))}
		for p, grades := range said[key] {
			var sum float64
			for _, g := range grades {
				sum += g
			}
			if sum > 0 {
				l.Grades[p] = sum / float64(len(grades))
			}
		}
		labels = append(labels, l)
	}
	return labels, left, nil
}

// judgedOf tells which of somebody's priorities a decision is about.
func judgedOf(theirs []string, results []match.Result, chosen bool) []string {
	var out []string
	nearest := ""
	for _, r := range results { // best first
		if !slices.Contains(theirs, r.Priority) {
			continue
		}
		if r.Included {
			out = append(out, r.Priority)
		} else if nearest == "" {
			nearest = r.Priority
		}
	}
	if len(out) == 0 && chosen && nearest != "" {
		out = []string{nearest}
	}
	return out
}

// prioritiesOf gives the priorities that a recipient follows, its department's among them.
func (a *App) prioritiesOf(r *subscription.Recipient) []string {
	var out []string
	departments := []string{r.Department}
	for _, f := range r.Follows {
		out = append(out, f.Priorities...)
		departments = append(departments, f.Departments...)
	}
	for _, id := range departments {
		if d, ok := a.Plan.Department(id); ok {
			out = append(out, d.Priorities...)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return slices.Compact(out)
}
