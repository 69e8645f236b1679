package ftportal

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// budget is what a topic's budget overview says of it; 0 where it says nothing.
type budget struct {
	EUR    int64
	Grants int
	Min    int64 // per grant, EUR
	Max    int64
	Types  []string // of action
}

// readBudget reads a budget overview for the topic identifier. The overview lists the whole call, so only
// actions whose name begins with the topic's identifier count. A key of the map is one line of the budget:
// actions under the same key share its amount, so that two actions of one topic count once. Three shapes are
// in use: lists with text amounts (search), a single object with text amounts (topic files since late 2024),
// and lists with number amounts (older topic files).
func readBudget(data []byte, identifier string) (budget, error) {
	var overview struct {
		Lines map[string]oneOrMany `json:"budgetTopicActionMap"`
	}
	if err := json.Unmarshal(data, &overview); err != nil {
		return budget{}, fmt.Errorf("budget overview: %v", err)
	}
	var out budget
	for _, actions := range overview.Lines { // sums, least and greatest: the order does not matter
		var line float64
		for _, a := range actions {
			if !a.belongs(identifier) {
				continue
			}
			var sum float64
			for _, v := range a.Years {
				sum += float64(v)
			}
			line = max(line, sum)
			out.Grants += int(a.Grants)
			if low := whole(float64(a.Min)); low > 0 && (out.Min == 0 || low < out.Min) {
				out.Min = low
			}
			out.Max = max(out.Max, whole(float64(a.Max)))
			if _, name, ok := strings.Cut(a.Action, " - "); ok {
				out.Types = append(out.Types, name)
			}
		}
		out.EUR += whole(line)
	}
	return out, nil
}

type action struct {
	Action string            `json:"action"`
	Grants number            `json:"expectedGrants"`
	Min    number            `json:"minContribution"`
	Max    number            `json:"maxContribution"`
	Years  map[string]number `json:"budgetYearMap"`
}

// belongs tells whether a is an action of the topic: its name is "<topic> - <type of action>". A mere prefix
// will not do, since X-01 begins X-01-02 as well.
func (a action) belongs(identifier string) bool {
	topic, _, _ := strings.Cut(a.Action, " - ")
	return identifier != "" && strings.EqualFold(strings.TrimSpace(topic), identifier)
}

// oneOrMany reads a list of actions, or a single one without list.
type oneOrMany []action

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		*o = make([]action, 1)
		return json.Unmarshal(b, &(*o)[0])
	}
	return json.Unmarshal(b, (*[]action)(o))
}

// number reads an amount written as a number or as text, with or without spaces and commas between
// thousands. What is no amount, or a negative one, is 0: not stated.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	s = strings.NewReplacer(" ", "", ",", "", "\u00a0", "").Replace(s)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0) || v > 1e15 {
		v = 0
	}
	*n = number(v)
	return nil
}

func whole(v float64) int64 { return int64(math.Round(v)) }
