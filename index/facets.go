package index

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"utkik/internal/call"
)

// Values of [FacetDeadline]: when the next deadline that has not passed comes, by the calendar in Brussels at the time of
// the search. What comes within a month comes within three as well. A call whose every deadline has passed has none of them.
const (
	Within1Month   = "1m"
	Within3Months  = "3m"
	Within6Months  = "6m"
	Within12Months = "12m"
	DeadlineLater  = "later" // than in twelve months
	DeadlineNone   = "none"  // is stated
)

// Values of [FacetBudget], by what a call has to give away in all. The lines are where applications change their nature: below a
// million an authority applies alone for a small project, up to five with some partners; from twenty on money goes to
// consortia and works, above a hundred to a few large ones.
const (
	BudgetUnder1M   = "under-1m"
	Budget1To5M     = "1m-5m"
	Budget5To20M    = "5m-20m"
	Budget20To100M  = "20m-100m"
	BudgetOver100M  = "over-100m"
	BudgetNotStated = "none"
)

// Scale gives the values of a facet that has a fixed list of them, in the order in which a reader thinks of them; nil for
// the others.
func Scale(facet string) []string {
	switch facet {
	case FacetStatus:
		return []string{string(call.StatusOpen), string(call.StatusForthcoming), string(call.StatusClosed)}
	case FacetDeadline:
		return deadlineScale()
	case FacetBudget:
		return []string{BudgetUnder1M, Budget1To5M, Budget5To20M, Budget20To100M, BudgetOver100M, BudgetNotStated}
	}
	return nil
}

func deadlineScale() []string {
	return []string{Within1Month, Within3Months, Within6Months, Within12Months, DeadlineLater, DeadlineNone}
}

// budgetOf is the range of what a call gives away. Of what asks for no application nobody misses a budget.
func budgetOf(c *call.Call) string {
	const million = 1_000_000
	switch b := c.BudgetEUR; {
	case b >= 100*million:
		return BudgetOver100M
	case b >= 20*million:
		return Budget20To100M
	case b >= 5*million:
		return Budget5To20M
	case b >= million:
		return Budget1To5M
	case b > 0:
		return BudgetUnder1M
	case c.Kind == call.KindCall || c.Kind == call.KindPlanned:
		return BudgetNotStated
	}
	return ""
}

// Values of [FacetAction] for the forms of support that the EU's programmes share. What a source says in other words is
// its own value.
const (
	ActionRIA         = "ria"         // research and innovation
	ActionIA          = "ia"          // innovation
	ActionCSA         = "csa"         // coordination and support
	ActionCofund      = "cofund"      // money of several programmes
	ActionMSCA        = "msca"        // people who do research, and their stays
	ActionERC         = "erc"         // the European Research Council's
	ActionEIC         = "eic"         // the European Innovation Council's
	ActionPrize       = "prize"       // for what has been done or found
	ActionProcurement = "procurement" // of what is not on the market yet
	ActionFPA         = "fpa"         // a frame for later grants
	ActionOperating   = "operating"   // grants to keep an organisation running
	ActionLumpSum     = "lumpsum"     // grants of a fixed sum
	ActionUnit        = "unit"        // grants by the piece
	ActionInfra       = "infra"       // works and infrastructure
	ActionProject     = "project"     // grants to projects by what they cost
	ActionGFS         = "gfs"         // grants that are handed on to others
	ActionSME         = "sme"         // support of small firms
)

// Actions lists the values of [FacetAction] that are known by a code, sorted.
func Actions() []string {
	out := make([]string, len(actionRules))
	for i, r := range actionRules {
		out[i] = r.code
	}
	slices.Sort(out)
	return out
}

// codesAmong gives those of an item's values that are codes: as words they find what other words say.
func codesAmong(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return !slices.ContainsFunc(actionRules, func(r actionRule) bool { return r.code == v })
	})
}

type actionRule struct {
	code    string
	pattern *regexp.Regexp
}

// actionRules say by which words an action type is known, in lower case. Portals write the same one as a code, as words
// and as both: HORIZON-RIA, HORIZON Research and Innovation Actions. Seen on the Funding & Tenders Portal, November 2026.
var actionRules = []actionRule{
	{ActionRIA, regexp.MustCompile(`\bria\b|research and innovation action`)},
	{ActionIA, regexp.MustCompile(`\bia\b|innovation action`)},
	{ActionCSA, regexp.MustCompile(`\bcsa\b|coordination and support`)},
	{ActionCofund, regexp.MustCompile(`\bcofund\b`)},
	{ActionMSCA, regexp.MustCompile(`\bmsca\b|\btma\b`)},
	{ActionERC, regexp.MustCompile(`\berc\b`)},
	{ActionEIC, regexp.MustCompile(`\beic\b`)},
	{ActionPrize, regexp.MustCompile(`\bprizes?\b|\b[ri]pr\b`)},
	{ActionProcurement, regexp.MustCompile(`procurement|\bpcp\b|\bppi\b`)},
	{ActionFPA, regexp.MustCompile(`\bfpa\b|framework partnership`)},
	{ActionOperating, regexp.MustCompile(`operating grant|\bog\b`)},
	{ActionLumpSum, regexp.MustCompile(`lump sum|\bls\b`)},
	{ActionUnit, regexp.MustCompile(`unit grant`)},
	{ActionInfra, regexp.MustCompile(`\binfra\b|infrastructure project|\bworks?\b`)},
	{ActionProject, regexp.MustCompile(`\bpjg\b|project grant|\bsimple\b|^grants?$`)},
	{ActionGFS, regexp.MustCompile(`\bgfs\b|financial support`)},
	{ActionSME, regexp.MustCompile(`\bsme\b`)},
}

// actionsOf gives the values of [FacetAction] of a call.
func actionsOf(types []string) []string {
	var out []string
	add := func(v string) {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	for _, t := range types {
		t = oneLine(t)
		lower, known := strings.ToLower(t), false
		// The words of the one hold those of the other.
		innovation := strings.ReplaceAll(lower, "research and innovation action", "")
		for _, r := range actionRules {
			if r.code == ActionIA && !r.pattern.MatchString(innovation) {
				continue
			}
			if r.pattern.MatchString(lower) {
				add(r.code)
				known = true
			}
		}
		if !known && strings.ContainsFunc(t, unicode.IsLetter) { // portals give numbers that say nothing to anybody
			add(t)
		}
	}
	return out
}

// deadlineNumbers number the values of [FacetDeadline] in the order of deadlineScale.
var deadlineNumbers = [...]uint32{1, 2, 3, 4, 5, 6}

// horizon is when a deadline lies within the reach of each value of [FacetDeadline]: the last day of each, counted from 1970.
type horizon [4]int32

// horizonAt is that of a search at now; the zero horizon where there is no now.
func horizonAt(now time.Time) horizon {
	var h horizon
	if now.IsZero() {
		return h
	}
	y, m, d := now.In(call.Brussels()).Date()
	for i, months := range []time.Month{1, 3, 6, 12} {
		first := time.Date(y, m+months, 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day() // a month from 31 January ends with February
		h[i] = dayNumber(first.AddDate(0, 0, min(d, last)-1), 0)
	}
	return h
}

// deadlineClasses is how many classes deadlineClass tells apart.
const deadlineClasses = 7

// deadlineClass tells when a document's next deadline comes: 0 when all have passed, 1 to 4 within the reach of the horizon,
// 5 later, 6 when none is stated.
func (c *columns) deadlineClass(doc uint32, now int64, h *horizon) uint32 {
	ds := c.deadlinesOf(doc)
	if len(ds) == 0 {
		return 6
	}
	for _, d := range ds {
		if int64(d.end) <= now {
			continue
		}
		for i, last := range h {
			if d.day <= last {
				return uint32(i + 1)
			}
		}
		return 5
	}
	return 0
}

// valuesOfClass gives the numbers of the values of [FacetDeadline] that a class has.
func valuesOfClass(class uint32) []uint32 {
	switch {
	case class == 0:
		return nil
	case class <= 4:
		return deadlineNumbers[class-1 : 4]
	}
	return deadlineNumbers[class-1 : class]
}

// countOrder puts the commonest value first, and those that are as common by their names.
func countOrder(a, b Count) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value)) }
