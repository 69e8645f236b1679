package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

func (p *program) matchTrainCommand() *cobra.Command {
	var given labelled
	var out string
	var weights bool
	c := &cobra.Command{
		Use:   "train --items FILE --labels FILE --out FILE",
		Short: "Learn what matching can learn from calls that people have graded",
		Long: `Learns from labelled calls which words speak for or against a priority beside its vocabulary, and writes them with their
points to a file for people to review. A plan takes the file in by its key "learned". With --weights it learns factors on
the matcher's own numbers instead, as a section "weights" for the plan file: how strict it is, how much the places of a call,
further terms, rules and kinds count.

The figures are those reached on the calls that were learned from, and on calls that were not (cross-validated by parent call).
Only the second say what to expect. What the plan learned before is not looked at, and nothing takes effect until the plan
has it. The same input gives the same file.

` + labelsHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError{errors.New("--out is missing: name a file to write to, or -")}
			}
			pl, calls, labels, err := given.read(p)
			if err != nil {
				return err
			}
			var learned lesson
			if weights {
				learned, err = trainWeights(cmd.Context(), pl, calls, labels)
			} else {
				learned, err = trainWords(cmd.Context(), pl, calls, labels)
			}
			if err != nil {
				return err
			}
			if out == "-" {
				_, err := fmt.Fprint(p.out, learned.file)
				return err
			}
			if err := os.WriteFile(out, []byte(learned.file), 0o644); err != nil {
				return err
			}
			if p.json {
				return p.printJSON(learned.all)
			}
			fmt.Fprintf(p.out, "%-16s %8s %9s %15s\n", "", "without", "in sample", "cross-validated")
			plain, with, crossed := learned.plain.Lines(), learned.with.Lines(), learned.crossed.Lines()
			for i, l := range plain {
				fmt.Fprintf(p.out, "%-16s %8s %9s %15s\n", l.Name, l.Value, with[i].Value, crossed[i].Value)
			}
			fmt.Fprintf(p.out, "%s; written to %s\n", learned.what, out)
			return nil
		},
	}
	given.flags(c)
	c.Flags().StringVar(&out, "out", "", "`file` for what was learned, - for standard output")
	c.Flags().BoolVar(&weights, "weights", false, "learn factors on the matcher's own numbers instead of words")
	return c
}

// lesson is what was learned, whatever it is.
type lesson struct {
	file, what           string
	plain, with, crossed match.Totals
	all                  any // for --json
}

func trainWords(ctx context.Context, pl *plan.Plan, calls []call.Call, labels []match.Label) (lesson, error) {
	t, err := match.Learn(ctx, pl, calls, labels)
	if err != nil {
		return lesson{}, err
	}
	return lesson{t.YAML(), fmt.Sprintf("%d labelled calls, %d words learned", t.Items, t.Words), t.Plain, t.Learned, t.Crossed, t}, nil
}

func trainWeights(ctx context.Context, pl *plan.Plan, calls []call.Call, labels []match.Label) (lesson, error) {
	t, err := match.Train(ctx, pl, calls, labels)
	if err != nil {
		return lesson{}, err
	}
	return lesson{t.YAML(), fmt.Sprintf("%d labelled calls, %d settings tried", t.Items, t.Tried), t.Plain, t.Learned, t.Crossed, t}, nil
}
