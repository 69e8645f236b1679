package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

// labelled is what `match eval` and `match train` work on.
type labelled struct {
	items, labels, plan string // as on the command line
}

func (l *labelled) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.items, "items", "", "`file` of calls in the exchange format; more than the labelled ones may be in it")
	c.Flags().StringVar(&l.labels, "labels", "", "`file` of labels, a line each: source, ref, grades by priority")
	c.Flags().StringVar(&l.plan, "plan", "", "id of a plan, or its `file` (default the configured one)")
}

// labelsHelp says what labels look like.
const labelsHelp = `Labels are lines of JSON, such as
  {"source": "ft-portal", "ref": "50138952TOPICS", "grades": {"kultur": 2, "besoksnaring": [1, 0]}}
where a grade is 0 (no, the same as absent), 1 (tangential) or 2 (must be seen), or a list with one of each assessor.`

// read gives the plan as it is weighed, the labels and the calls that they are about.
func (l *labelled) read(p *program) (*plan.Plan, []call.Call, []match.Label, error) {
	if l.items == "" || l.labels == "" {
		return nil, nil, nil, usageError{errors.New("--items and --labels are needed: a file of calls in the exchange format and one of labels")}
	}
	if l.items == "-" && l.labels == "-" {
		return nil, nil, nil, usageError{errors.New("only one of --items and --labels can be standard input")}
	}
	cfg, err := p.load()
	if err != nil {
		return nil, nil, nil, err
	}
	if l.plan == "" {
		l.plan = cfg.Plan
	}
	pl, err := loadPlan(cfg, l.plan)
	if err != nil {
		return nil, nil, nil, err
	}
	if pl, err = app.Weighed(cfg, pl); err != nil {
		return nil, nil, nil, err
	}
	name, in, err := input(l.labels)
	if err != nil {
		return nil, nil, nil, err
	}
	defer in.Close()
	labels, err := match.ReadLabels(name, in)
	if err != nil {
		return nil, nil, nil, err
	}
	wanted := map[call.Key]bool{}
	for _, l := range labels {
		wanted[l.Key] = true
	}
	name, items, err := input(l.items)
	if err != nil {
		return nil, nil, nil, err
	}
	defer items.Close()
	var calls []call.Call
	err = app.ReadCalls(name, items, func(c call.Call) error {
		if wanted[c.Key()] {
			calls = append(calls, c)
			wanted[c.Key()] = false // the first of a key stands, as in an import
		}
		return nil
	})
	return pl, calls, labels, err
}

func (p *program) matchEvalCommand() *cobra.Command {
	var given labelled
	var worst int
	c := &cobra.Command{
		Use:   "eval --items FILE --labels FILE",
		Short: "Measure a plan against calls that people have graded",
		Long: `Matches labelled calls to a plan, as it is weighed here, and prints how well that fits: for each priority the ranking
(nDCG@10), precision, recall of the must-sees, their F1 and the utility T11SU, and means over priorities with enough labels; then
the mistakes: must-sees that are missed, and included calls that nobody wants.

` + labelsHelp,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if worst < 0 {
				return usageError{fmt.Errorf("--worst %d: want 0 or more", worst)}
			}
			pl, calls, labels, err := given.read(p)
			if err != nil {
				return err
			}
			m, err := match.New(pl)
			if err != nil {
				return err
			}
			answers := map[call.Key][]match.Result{}
			titles := map[call.Key]string{}
			for i := range calls {
				key := calls[i].Key()
				answers[key], titles[key] = m.Match(&calls[i]), calls[i].Title
			}
			e, err := match.Evaluate(pl.PriorityIDs(), labels, answers)
			if err != nil {
				return err
			}
			hidden := max(0, len(e.Mistakes)-worst)
			e.Mistakes = e.Mistakes[:len(e.Mistakes)-hidden]
			if p.json {
				return p.printJSON(e)
			}
			fmt.Fprint(p.out, e.Table())
			fmt.Fprintf(p.out, "\n%d labelled calls\n", e.Items)
			for _, l := range e.Total.Lines() {
				fmt.Fprintf(p.out, "%-16s %s\n", l.Name, l.Value)
			}
			if len(e.Mistakes)+hidden > 0 {
				fmt.Fprintln(p.out)
			}
			for _, wrong := range e.Mistakes {
				fmt.Fprintf(p.out, "%-6s %-22s %.3f %s  %s\n", wrong.What, wrong.Priority, wrong.Score, wrong.Key, titles[wrong.Key])
			}
			if hidden > 0 {
				fmt.Fprintf(p.out, "and %d more mistakes; --worst shows more\n", hidden)
			}
			return nil
		},
	}
	given.flags(c)
	c.Flags().IntVar(&worst, "worst", 20, "mistakes that are shown")
	return c
}
