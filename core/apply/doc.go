// Package apply carries out the steps of a plan against a target: in batches, in the
// plan's order, journalled. The intent of every operation is durable before the call
// and its result before the next batch. An operation without an answer is unknown,
// and Recover asks the target about it before anything else happens there.
//
// It does not decide what is to be done or whether it may be; that is plan and guard.
package apply
