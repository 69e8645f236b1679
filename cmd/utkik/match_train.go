package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"utkik/internal/match"
)

func (p *program) matchTrainCommand() *cobra.Command {
	var given labelled
	var out string
	c := &cobra.Command{
		Use:   "train --items FILE --labels FILE --out FILE",
		Short: "Learn the weights of matching from calls that people have graded",
		Long: `Learns factors on the matcher's own numbers from labelled calls: how strict it is, how much the places of a call, further
terms, rules and kinds count. It writes them as a section "weights" for the plan file, with the figures reached on the calls
that were learned from, and on calls that were not (cross-validated by parent call). Only the second say what to expect. Nothing
takes effect until somebody puts the section into the plan. The same input gives the same file.

` + labelsHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError{errors.New("--out is missing: name a file to write the weights to, or -")}
			}
			pl, calls, labels, err := given.read(p)
			if err != nil {
				return err
			}
			t, err := match.Train(cmd.Context(), pl, calls, labels)
			if err != nil {
				return err
			}
			if out == "-" {
				_, err := fmt.Fprint(p.out, t.YAML())
				return err
			}
			if err := os.WriteFile(out, []byte(t.YAML()), 0o644); err != nil {
				return err
			}
			if p.json {
				return p.printJSON(t)
			}
			fmt.Fprintf(p.out, "%-16s %8s %9s %15s\n", "", "without", "in sample", "cross-validated")
			plain, learned, crossed := t.Plain.Lines(), t.Learned.Lines(), t.Crossed.Lines()
			for i, l := range plain {
				fmt.Fprintf(p.out, "%-16s %8s %9s %15s\n", l.Name, l.Value, learned[i].Value, crossed[i].Value)
			}
			fmt.Fprintf(p.out, "%d labelled calls, %d settings tried; written to %s\n", t.Items, t.Tried, out)
			return nil
		},
	}
	given.flags(c)
	c.Flags().StringVar(&out, "out", "", "`file` for the learned weights, - for standard output")
	return c
}
