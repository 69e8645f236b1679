package app

import (
	"strings"

	"utkik/index"
	"utkik/internal/plan"
)

// planPairs are the words that the plan has in both languages, for searches. Terms that count against a priority say
// nothing of what they are called.
func planPairs(p *plan.Plan) []index.Pair {
	var out []index.Pair
	for _, pr := range p.Priorities {
		for _, t := range pr.Vocabulary {
			if t.Weight <= 0 || t.SV == "" {
				continue
			}
			for _, en := range t.EN {
				out = append(out, index.Pair{SV: unstarred(t.SV), EN: unstarred(en)})
			}
		}
	}
	return out
}

// unstarred is a term without the stars of the plan's notation: a search finds endings by itself.
func unstarred(term string) string { return strings.ReplaceAll(term, "*", "") }

// tablePairs are the labels of the imported concept table. One that cannot be read is no reason not to search; `utkik
// vocabulary` tells what is wrong with it.
func (a *App) tablePairs() []index.Pair {
	t, err := Vocabulary(a.Config)
	if err != nil {
		a.log.Warn("imported vocabulary is left out of searches", "err", err)
		return nil
	}
	out := make([]index.Pair, len(t))
	for i, c := range t {
		out[i] = index.Pair{SV: c.SV, EN: c.EN}
	}
	return out
}
