package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) matchLabelsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "labels",
		Short: "Print what people decided as labels, to measure and learn from",
		Long: `Prints the decisions in force as labels, a line a call, for match eval and match train; utkik export has their items.
act is 2, follow 1, not-relevant 0. A decision judges the priorities of its department or recipient for which a digest would carry the call; of the others
nothing is said ("judged" lists those of which something is). Calls that were shown to nobody are not among them, so such labels can tell what was
wrong in digests and not what was missing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				labels, left, err := a.Labels(cmd.Context())
				if err != nil {
					return err
				}
				w := bufio.NewWriter(p.out)
				enc := json.NewEncoder(w)
				for i := range labels {
					if err := enc.Encode(labels[i]); err != nil {
						return errors.Join(err, w.Flush())
					}
				}
				if left > 0 {
					fmt.Fprintf(p.err, "%d decisions left out: about calls that match no priority of whoever decided\n", left)
				}
				return w.Flush()
			})
		},
	}
}
