#!/usr/bin/env bash
# Removes what controllers of an EKS cluster left in AWS, and waits until it is gone. Runs when a stack is destroyed.
#
# PHASE            load-balancers | nodes | interfaces (see components/gpu_cluster/eks/removal.py)
# CLUSTER          name of the cluster; nothing without a tag that names it is touched
# ACCOUNT_ID       account of the cluster; credentials of another one are refused
# AWS_REGION       region of the cluster
# TIMEOUT_SECONDS  how long to wait for everything to be gone
# POLL_SECONDS     how long to wait between two looks
#
# Needs the AWS CLI, and in the phases load-balancers and nodes kubectl and a way to the API server.
set -euo pipefail
# A look that fails must not pass for one that found nothing.
shopt -s inherit_errexit
export LC_ALL=C AWS_PAGER="" AWS_REGION

: "${PHASE:?}" "${CLUSTER:?}" "${ACCOUNT_ID:?}" "${AWS_REGION:?}"
timeout_seconds=${TIMEOUT_SECONDS:-1800}
poll_seconds=${POLL_SECONDS:-10}

one_line() { echo "$1" | tr '\n' ' ' | sed 's/ *$//'; }
say() { echo "$CLUSTER/$PHASE: $*"; }
fail() {
  echo "$CLUSTER/$PHASE: $*" >&2
  exit 1
}

# --output text separates entries by tabs and shows an empty list as None.
ask() { aws "$@" --output text | tr '\t' '\n' | { grep -v -x -e None -e '' || true; }; }

account=$(aws sts get-caller-identity --query Account --output text) || fail "no AWS credentials: log in and try again"
[ "$account" = "$ACCOUNT_ID" ] || fail "these credentials are of account $account, the cluster is in $ACCOUNT_ID"

kubeconfig=""
cleanup() { [ -z "$kubeconfig" ] || rm -f "$kubeconfig"; }
trap cleanup EXIT

connect() {
  kubeconfig=$(mktemp)
  export KUBECONFIG=$kubeconfig
  aws eks update-kubeconfig --name "$CLUSTER" --kubeconfig "$kubeconfig" >/dev/null ||
    fail "no access to the cluster: use a role of adminRoleArns"
}

# Inside the cluster ---------------------------------------------------------------------------------------------------

services() {
  kubectl get services --all-namespaces \
    --output 'jsonpath={range .items[?(@.spec.type=="LoadBalancer")]}{.metadata.namespace}{"/"}{.metadata.name}{"\n"}{end}'
}

ingresses() {
  kubectl get ingresses --all-namespaces \
    --output 'jsonpath={range .items[*]}{.metadata.namespace}{"/"}{.metadata.name}{"\n"}{end}'
}

# Volumes that go with their claims. Those that are to be retained are not waited for: they hold data.
volumes() {
  kubectl get persistentvolumes \
    --output 'jsonpath={range .items[?(@.spec.persistentVolumeReclaimPolicy=="Delete")]}{.metadata.name}{"\n"}{end}'
}

delete_objects() { # kind
  local object
  while read -r object; do
    say "deleting $1 $object"
    kubectl delete "$1" --namespace "${object%%/*}" "${object#*/}" --wait=false --ignore-not-found
  done
}

# In AWS ---------------------------------------------------------------------------------------------------------------

tagged() { # resource type, tag key, tag value: ARNs
  ask resourcegroupstaggingapi get-resources --resource-type-filters "$1" --tag-filters "Key=$2,Values=$3" \
    --query 'ResourceTagMappingList[].ResourceARN'
}

# The tagging service knows a resource for a while after it is gone: each is looked up.
exists() {
  local answer
  if answer=$("$@" 2>&1); then return 0; fi
  case $answer in
    *NotFound*) return 1 ;;
    *) fail "$answer" ;;
  esac
}

load_balancers() {
  local arn
  {
    tagged elasticloadbalancing:loadbalancer elbv2.k8s.aws/cluster "$CLUSTER"
    tagged elasticloadbalancing:loadbalancer "kubernetes.io/cluster/$CLUSTER" owned
  } | sort -u | while read -r arn; do
    case $arn in
      */app/* | */net/* | */gwy/*) set -- elbv2 describe-load-balancers --load-balancer-arns "$arn" ;;
      *) set -- elb describe-load-balancers --load-balancer-names "${arn##*/}" ;;
    esac
    if exists aws "$@"; then echo "$arn"; fi
  done
}

delete_load_balancers() {
  local arn
  while read -r arn; do
    say "deleting load balancer $arn"
    case $arn in
      */app/* | */net/* | */gwy/*) aws elbv2 delete-load-balancer --load-balancer-arn "$arn" ;;
      *) aws elb delete-load-balancer --load-balancer-name "${arn##*/}" ;;
    esac
  done
}

target_groups() {
  local arn
  tagged elasticloadbalancing:targetgroup elbv2.k8s.aws/cluster "$CLUSTER" | while read -r arn; do
    if exists aws elbv2 describe-target-groups --target-group-arns "$arn"; then echo "$arn"; fi
  done
}

# Karpenter's instances: fixed nodes lack the second tag.
instances() {
  ask ec2 describe-instances --query 'Reservations[].Instances[].InstanceId' --filters \
    "Name=tag:kubernetes.io/cluster/$CLUSTER,Values=owned" Name=tag-key,Values=karpenter.sh/nodepool \
    Name=instance-state-name,Values=pending,running,stopping,stopped,shutting-down
}

launch_templates() {
  ask ec2 describe-launch-templates --query 'LaunchTemplates[].LaunchTemplateId' --filters \
    "Name=tag:eks:eks-cluster-name,Values=$CLUSTER" Name=tag-key,Values=karpenter.k8s.aws/ec2nodeclass
}

instance_profiles() {
  ask iam list-instance-profiles --path-prefix "/karpenter/$AWS_REGION/$CLUSTER/" \
    --query 'InstanceProfiles[].InstanceProfileName'
}

delete_instance_profiles() {
  local profile role
  while read -r profile; do
    say "deleting instance profile $profile"
    ask iam get-instance-profile --instance-profile-name "$profile" --query 'InstanceProfile.Roles[].RoleName' |
      while read -r role; do
        aws iam remove-role-from-instance-profile --instance-profile-name "$profile" --role-name "$role"
      done
    aws iam delete-instance-profile --instance-profile-name "$profile"
  done
}

# Interfaces that the network plug-in attached for pods and could not remove with their node.
interfaces() { # status values
  ask ec2 describe-network-interfaces --query 'NetworkInterfaces[].NetworkInterfaceId' --filters \
    "Name=tag:cluster.k8s.amazonaws.com/name,Values=$CLUSTER" "Name=status,Values=$1"
}

security_groups() {
  ask ec2 describe-security-groups --query 'SecurityGroups[].GroupId' --filters \
    "Name=tag:elbv2.k8s.aws/cluster,Values=$CLUSTER"
}

each() { # description, command with the id as its last argument
  local what=$1 id
  shift
  while read -r id; do
    say "deleting $what $id"
    # Something may have gone by itself, or still be in use by what is being deleted: the next look decides.
    "$@" "$id" >/dev/null || say "not yet: $what $id"
  done
}

# Refusals ------------------------------------------------------------------------------------------------------------

# A resource of the program that is renamed is deleted, too, while the cluster goes on serving. So each phase looks
# whether what must be gone before it really is.
refuse_a_living_cluster() {
  local protected
  protected=$(aws eks describe-cluster --name "$CLUSTER" --query cluster.deletionProtection --output text)
  [ "$protected" != True ] || fail "the cluster is protected from deletion: nothing was removed"
}

refuse_while_there_are() { # kind of custom resource
  local definition objects
  definition=$(kubectl get customresourcedefinitions "$1" --ignore-not-found --output name)
  [ -n "$definition" ] || return 0
  objects=$(kubectl get "$1" --all-namespaces --output name)
  [ -z "$objects" ] || fail "the platform is not being removed, there is $(one_line "$objects"): nothing was removed"
}

refuse_a_cluster() {
  if exists aws eks describe-cluster --name "$CLUSTER"; then
    fail "the cluster still exists: nothing was removed"
  fi
}

# Waiting --------------------------------------------------------------------------------------------------------------

# Each phase has a function that removes what it finds, and one that lists what is left, one line each.
wait_until_gone() {
  local deadline=$((SECONDS + timeout_seconds)) left
  while true; do
    "remove_$1"
    left=$("left_$1")
    [ -n "$left" ] || break
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$left" >&2
      fail "the above is still there after $timeout_seconds seconds: remove it by hand and destroy the stack again"
    fi
    say "waiting for $(one_line "$left")"
    sleep "$poll_seconds"
  done
  say "nothing is left"
}

remove_load_balancers() {
  services | delete_objects service
  ingresses | delete_objects ingress
}
left_load_balancers() {
  services | sed 's/^/service /'
  ingresses | sed 's/^/ingress /'
  load_balancers
}

remove_nodes() {
  local found
  found=$(instances)
  if [ -n "$found" ]; then
    say "terminating $(one_line "$found")"
    # shellcheck disable=SC2086 # one argument for each instance
    aws ec2 terminate-instances --instance-ids $found >/dev/null
  fi
  load_balancers | delete_load_balancers
  target_groups | each "target group" aws elbv2 delete-target-group --target-group-arn
  launch_templates | each "launch template" aws ec2 delete-launch-template --launch-template-id
  [ -n "$found" ] || instance_profiles | delete_instance_profiles
}
left_nodes() {
  instances
  load_balancers
  target_groups
  launch_templates
  instance_profiles | sed 's/^/instance profile /'
  volumes | sed 's/^/volume /'
}

remove_interfaces() {
  interfaces available | each "network interface" aws ec2 delete-network-interface --network-interface-id
  security_groups | each "security group" aws ec2 delete-security-group --group-id
}
left_interfaces() {
  interfaces available,in-use,pending
  security_groups
}

case $PHASE in
  load-balancers)
    connect
    refuse_a_living_cluster
    refuse_while_there_are gateways.gateway.networking.k8s.io
    wait_until_gone load_balancers
    ;;
  nodes)
    connect
    refuse_a_living_cluster
    refuse_while_there_are nodepools.karpenter.sh
    wait_until_gone nodes
    ;;
  interfaces)
    refuse_a_cluster
    wait_until_gone interfaces
    ;;
  *) fail "unknown phase" ;;
esac
