package match

import (
	"utkik/internal/call"
	"utkik/internal/plan"
)

// factors are a plan's weights, with 1 where it sets nothing. The threshold divides everything else, so that points
// always stand beside the same [halfway].
//
// What a passage's factor may lift a term to at most is in the term's own weight already, and the passage's factor
// takes it down again: so a term never counts more than its weight times its passage's, which the first step of
// matching relies on.
type factors struct {
	plan.Weights
	plain bool    // nothing is set: every number stays as it is, to the last bit
	most  float64 // that a passage's factor can be
}

func factorsOf(w plan.Weights) factors {
	out := factors{Weights: w, plain: true}
	for _, f := range out.Factors() {
		if *f.Value == 0 {
			*f.Value = 1
		}
		out.plain = out.plain && *f.Value == 1
	}
	out.most = max(1, out.Consultation, out.Planned) * max(1, out.Parent, out.Topics, out.Lead)
	return out
}

// term is what a term of weight v counts at most, where a passage counts in full.
func (f *factors) term(v float64) float64 {
	if f.plain {
		return v
	}
	return v * f.most / f.Threshold
}

// rule is what a rule of weight v counts.
func (f *factors) rule(v float64) float64 {
	switch {
	case f.plain:
		return v
	case v < 0:
		return v * f.Against / f.Threshold
	}
	return v * f.For / f.Threshold
}

// further is what the next best term counts of the one before it.
func (f *factors) further() float64 {
	const most = 0.95 // at 1 and more a long text would outweigh a title
	return min(further*f.Further, most)
}

// passage is how much p counts, a passage of a call of kind k.
func (f *factors) passage(p *passage, k call.Kind) float64 {
	if f.plain {
		return p.weight
	}
	v := p.weight / f.most
	switch k {
	case call.KindConsultation:
		v *= f.Consultation
	case call.KindPlanned:
		v *= f.Planned
	}
	switch {
	case p.field == "title":
		return v
	case p.field == "topics" || p.field == "divisions":
		return v * f.Topics
	case p.field == "text" && p.weight == inLead: // titles that stand in a text weigh more
		return v * f.Lead
	}
	return v * f.Parent
}
