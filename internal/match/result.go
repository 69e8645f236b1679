// Package match weighs what Europe publishes against what an authority wants: a pure function of a call and
// a plan, with a reason for every point. No match without a sentence.
package match

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"utkik/internal/plan"
)

// weighing names how matches are weighed. Raise it with every change of a weight, a rule or a reason in this package: stored
// matches of another weighing are done anew.
const weighing = "3"

// Hash names a plan and the way of weighing: matches with the same hash need not be made again.
func Hash(p *plan.Plan) string {
	b, err := json.Marshal(p)
	if err != nil {
		return "" // unreachable: a plan holds nothing that JSON cannot say
	}
	sum := sha256.Sum256(append(b, weighing...))
	return hex.EncodeToString(sum[:8])
}

// Result is how a call stands to one priority of a plan.
type Result struct {
	Priority string   `json:"priority"`
	Score    float64  `json:"score"`    // 0..1, a rank within the priority; not a probability
	Included bool     `json:"included"` // whether a digest carries it
	Reasons  []Reason `json:"reasons"`  // strongest first, never empty
}

// Kind says what a reason rests on, and so what its PriorityText is.
type Kind string

// The kinds of reasons.
const (
	KindSentence Kind = "sentence" // a term: the plan's sentence that speaks of it
	KindWords    Kind = "words"    // a term of which no sentence speaks: the priority's name, a colon and its words
	KindRule     Kind = "rule"     // a rule: the plan's sentence nearest to it
	KindLimit    Kind = "limit"    // who may apply: a sentence of this package, in Swedish, that no plan holds
	KindLearned  Kind = "learned"  // words that labels have shown to count: the plan's sentence that speaks for its rules
	KindDecision Kind = "decision" // a person's decision about this very call: who and why
)

// Reason is one point for or against, quoting both sides.
type Reason struct {
	Kind         Kind    `json:"kind,omitempty"`        // empty in what was made before there were kinds
	PriorityText string  `json:"priority_text"`         // one sentence or the words, in the plan's language
	PriorityEN   string  `json:"priority_en,omitempty"` // the same from the plan's English text; empty when it has none
	Note         string  `json:"note,omitempty"`        // what the plan's keepers noted beside the term or the rule
	CallText     string  `json:"call_text"`             // the call's sentence, words marked with «»
	Field        string  `json:"field"`                 // of the exchange format, where it was found
	Term         string  `json:"term"`                  // the vocabulary's term or the rule's pattern
	Weight       float64 `json:"weight"`                // points; negative when it held the match back
}
